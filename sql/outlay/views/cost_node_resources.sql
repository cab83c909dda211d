-- Which resources a node's cost comes from, day by day: the rows of cost_nodes, split by resource.
-- grain:  day, dimension, level, ancestor_id, resource_arn, provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose
-- column: level Level of that hierarchy. Each level holds every row once: ask for one, and for the days of interest
-- column: dimension Hierarchy: account, group or service
-- column: ancestor_id Node of that level, as cost_nodes says it
with
-- Aggregated first: far fewer rows then meet the nodes.
resources as (
    select
        cost_date,
        resource_arn,
        provider,
        aws_account_id,
        aws_region,
        service,
        resource_type,
        usage_type,
        charge_category,
        customer,
        cluster,
        index_name,
        env,
        purpose,
        sum(cost_usd) as cost_usd,
        sum(amortized_cost_usd) as amortized_cost_usd,
        sum(net_cost_usd) as net_cost_usd,
        sum(event_count) as event_count
    from cost_hourly
    group by
        cost_date,
        provider,
        aws_account_id,
        aws_region,
        service,
        resource_type,
        usage_type,
        charge_category,
        customer,
        cluster,
        index_name,
        env,
        purpose,
        resource_arn
),

-- All dimensions as one text: a comparison of each would lose the rows in which one is null.
keyed_resources as (
    select
        resources.*,
        json_format(cast(array[provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose] as json)) as dimensions
    from resources
),

keyed_nodes as (
    select
        day,
        dimension,
        level,
        ancestor_id,
        json_format(cast(array[provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose] as json)) as dimensions
    from cost_nodes
)

select
    keyed_nodes.dimension,
    keyed_nodes.level,
    keyed_nodes.ancestor_id,
    keyed_resources.resource_arn,
    keyed_resources.provider,
    keyed_resources.aws_account_id,
    keyed_resources.aws_region,
    keyed_resources.service,
    keyed_resources.resource_type,
    keyed_resources.usage_type,
    keyed_resources.charge_category,
    keyed_resources.customer,
    keyed_resources.cluster,
    keyed_resources.index_name,
    keyed_resources.env,
    keyed_resources.purpose,
    keyed_resources.cost_usd,
    keyed_resources.amortized_cost_usd,
    keyed_resources.net_cost_usd,
    keyed_resources.event_count,
    keyed_nodes.day
from keyed_resources
inner join keyed_nodes
    on keyed_nodes.day = keyed_resources.cost_date
    and keyed_nodes.dimensions = keyed_resources.dimensions
