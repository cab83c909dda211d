-- What each customer cost in each cluster in the last 30 days of the bill.
select
    coalesce(customer, 'unattributed') as customer,
    coalesce(cluster, 'unattributed') as cluster,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_daily
where day > (select max(day) from cost_daily) - interval '30' day
group by
    coalesce(customer, 'unattributed'),
    coalesce(cluster, 'unattributed')
order by cost_usd desc
