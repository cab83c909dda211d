-- Which services cost more or less on the newest complete day than on the same weekday a week before.
with
complete_day as (
    select max(day) - interval '1' day as day
    from cost_rollup_daily
),

compared as (
    select
        cost_rollup_daily.ancestor_id as service,
        sum(if(cost_rollup_daily.day = complete_day.day, amortized_cost_usd, decimal '0')) as cost_usd,
        sum(if(cost_rollup_daily.day < complete_day.day, amortized_cost_usd, decimal '0')) as week_before_usd
    from cost_rollup_daily
    cross join complete_day
    where dimension = 'service'
        and level = 'service'
        and cost_rollup_daily.day in (complete_day.day, complete_day.day - interval '7' day)
    group by cost_rollup_daily.ancestor_id
)

select
    service,
    cost_usd,
    week_before_usd,
    cost_usd - week_before_usd as difference_usd
from compared
order by abs(cost_usd - week_before_usd) desc
