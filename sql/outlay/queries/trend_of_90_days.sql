-- What each of the last 90 days of the bill cost, with the mean of the week up to it.
with
days as (
    select
        day,
        cost_usd,
        usage_cost_usd
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'total'
        and day > (select max(day) from cost_rollup_daily) - interval '90' day
)

select
    day,
    cost_usd,
    usage_cost_usd,
    avg(usage_cost_usd) over (order by day range between interval '6' day preceding and current row) as week_mean_usage_usd
from days
order by day desc
