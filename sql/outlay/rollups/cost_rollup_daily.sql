-- What each node of each hierarchy cost on each day; every level adds up to the day's total.
-- parameters: first_day, last_day
-- reads:      cost_daily 0..0
-- checks:     unique(day, dimension, level, ancestor_id)
-- checks:     not_null(dimension, level, ancestor_id, event_count)
-- checks:     conserves(cost_usd, cost_daily, per dimension, level)
-- checks:     conserves(amortized_cost_usd, cost_daily, per dimension, level)
-- checks:     conserves(net_cost_usd, cost_daily, per dimension, level)
-- checks:     conserves(event_count, cost_daily, per dimension, level)
select
    dimension,
    level,
    ancestor_id,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd,
    sum(net_cost_usd) as net_cost_usd,
    sum(if(charge_category = 'usage', amortized_cost_usd)) as usage_cost_usd,
    sum(event_count) as event_count,
    day
from cost_nodes
where day between cast(? as date) and cast(? as date)
group by
    dimension,
    level,
    ancestor_id,
    day
