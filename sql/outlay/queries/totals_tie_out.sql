-- Whether every level of every hierarchy adds up to the day's total: any row is a defect.
with
levels as (
    select
        day,
        dimension,
        level,
        sum(cost_usd) as cost_usd
    from cost_rollup_daily
    group by day, dimension, level
),

totals as (
    select
        day,
        cost_usd
    from levels
    where level = 'total'
)

select
    levels.day,
    levels.dimension,
    levels.level,
    levels.cost_usd,
    totals.cost_usd as total_usd
from levels
inner join totals
    on totals.day = levels.day
where levels.cost_usd is distinct from totals.cost_usd
order by levels.day, levels.dimension, levels.level
