-- What each region cost in the last 30 days of the bill, over all accounts, by service.
select
    coalesce(aws_region, 'unattributed') as aws_region,
    coalesce(service, 'unattributed') as service,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_daily
where day > (select max(day) from cost_daily) - interval '30' day
group by
    coalesce(aws_region, 'unattributed'),
    coalesce(service, 'unattributed')
order by cost_usd desc
