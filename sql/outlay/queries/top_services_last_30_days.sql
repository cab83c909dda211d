-- What each service cost in the last 30 days of the bill, the dearest first.
select
    ancestor_id as service,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_rollup_daily
where dimension = 'service'
    and level = 'service'
    and day > (select max(day) from cost_rollup_daily) - interval '30' day
group by ancestor_id
order by cost_usd desc
