-- Which node of which level each day's cost belongs to: every row of cost_daily, once for each level of each hierarchy.
-- grain:  day, dimension, level, ancestor_id, provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose
-- column: dimension Hierarchy: account, group or service
-- column: level Level of that hierarchy. Each level holds every row once: ask for one, or costs count as often as there are levels
-- column: ancestor_id Node of that level, such as an account id; a region is account/region; unattributed for what names none
select
    node.dimension,
    node.level,
    coalesce(node.ancestor_id, 'unattributed') as ancestor_id,
    cost_daily.provider,
    cost_daily.aws_account_id,
    cost_daily.aws_region,
    cost_daily.service,
    cost_daily.resource_type,
    cost_daily.usage_type,
    cost_daily.charge_category,
    cost_daily.customer,
    cost_daily.cluster,
    cost_daily.index_name,
    cost_daily.env,
    cost_daily.purpose,
    cost_daily.cost_usd,
    cost_daily.amortized_cost_usd,
    cost_daily.net_cost_usd,
    cost_daily.event_count,
    cost_daily.day
from cost_daily
cross join unnest(array[
    row('account', 'total', 'total'),
    row('account', 'provider', cost_daily.provider),
    row('account', 'account', cost_daily.aws_account_id),
    row('account', 'region', cost_daily.aws_account_id || '/' || cost_daily.aws_region),
    row('group', 'customer', cost_daily.customer),
    row('group', 'cluster', cost_daily.cluster),
    row('group', 'index_name', cost_daily.index_name),
    row('group', 'env', cost_daily.env),
    row('group', 'purpose', cost_daily.purpose),
    row('service', 'service', cost_daily.service),
    row('service', 'resource_type', cost_daily.resource_type),
    row('service', 'usage_type', cost_daily.usage_type)
]) as node (dimension, level, ancestor_id)
