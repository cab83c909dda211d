-- What each day's usage cost, across all dimensions but the resource: for questions that cross them.
-- parameters: first_day, last_day
-- reads:      cost_hourly 0..0
-- checks:     unique(day, provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose)
-- checks:     not_null(resource_type, event_count)
-- checks:     conserves(cost_usd, cost_hourly)
-- checks:     conserves(amortized_cost_usd, cost_hourly)
-- checks:     conserves(net_cost_usd, cost_hourly)
-- checks:     conserves(event_count, cost_hourly)
select
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
    sum(event_count) as event_count,
    cost_date as day
from cost_hourly
where cost_date between cast(? as date) and cast(? as date)
group by
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
    cost_date
