-- The days that the lake has cost of.
select
    min(day) as first_day,
    max(day) as last_day
from cost_rollup_daily
where dimension = 'account'
    and level = 'total'
