-- What each node of each level cost.
select
    dimension,
    level,
    ancestor_id,
    sum(cost_usd) as billed_usd,
    sum(amortized_cost_usd) as amortized_usd,
    sum(event_count) as line_count
from cost_rollup_daily
where day between {first_day} and {last_day}
group by dimension, level, ancestor_id
