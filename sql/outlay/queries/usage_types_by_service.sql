-- What each service's usage types cost in the last 30 days of the bill, the dearest first within each.
select
    coalesce(service, 'unattributed') as service,
    coalesce(usage_type, 'unattributed') as usage_type,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_daily
where day > (select max(day) from cost_daily) - interval '30' day
group by
    coalesce(service, 'unattributed'),
    coalesce(usage_type, 'unattributed')
order by service, cost_usd desc
