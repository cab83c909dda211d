-- What each node of each hierarchy cost on each day; every level adds up to the day's total.
-- parameters: first_day, last_day
-- reads:      cost_hourly 0..0
-- checks:     unique(day, dimension, level, ancestor_id)
-- checks:     not_null(dimension, level, ancestor_id, event_count)
-- checks:     conserves(cost_usd, cost_hourly, per dimension, level)
-- checks:     conserves(amortized_cost_usd, cost_hourly, per dimension, level)
-- checks:     conserves(net_cost_usd, cost_hourly, per dimension, level)
-- checks:     conserves(event_count, cost_hourly, per dimension, level)
with
-- Aggregated first: far fewer rows then meet the twelve levels.
daily as (
    select
        cost_date,
        provider,
        aws_account_id,
        aws_region,
        service,
        resource_type,
        usage_type,
        customer,
        cluster,
        index_name,
        env,
        purpose,
        sum(cost_usd) as cost_usd,
        sum(amortized_cost_usd) as amortized_cost_usd,
        sum(net_cost_usd) as net_cost_usd,
        sum(if(charge_category = 'usage', amortized_cost_usd)) as usage_cost_usd,
        sum(event_count) as event_count
    from cost_hourly
    where cost_date between cast(? as date) and cast(? as date)
    group by
        cost_date,
        provider,
        aws_account_id,
        aws_region,
        service,
        resource_type,
        usage_type,
        customer,
        cluster,
        index_name,
        env,
        purpose
),

nodes as (
    select
        daily.*,
        node.dimension,
        node.level,
        coalesce(node.ancestor_id, 'unattributed') as ancestor_id
    from daily
    cross join unnest(array[
        row('account', 'total', 'total'),
        row('account', 'provider', provider),
        row('account', 'account', aws_account_id),
        row('account', 'region', aws_account_id || '/' || aws_region),
        row('group', 'customer', customer),
        row('group', 'cluster', cluster),
        row('group', 'index_name', index_name),
        row('group', 'env', env),
        row('group', 'purpose', purpose),
        row('service', 'service', service),
        row('service', 'resource_type', resource_type),
        row('service', 'usage_type', usage_type)
    ]) as node (dimension, level, ancestor_id)
)

select
    dimension,
    level,
    ancestor_id,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd,
    sum(net_cost_usd) as net_cost_usd,
    sum(usage_cost_usd) as usage_cost_usd,
    sum(event_count) as event_count,
    cost_date as day
from nodes
group by
    dimension,
    level,
    ancestor_id,
    cost_date
