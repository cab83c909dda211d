-- What each resource cost in each hour, from every source's bill.
-- parameters: first_day, last_day
-- reads:      resource_events(event_type = 'cost') 0..0
-- checks:     unique(hour, provider, aws_account_id, aws_region, resource_type, resource_arn, service, usage_type, charge_category, customer, cluster, index_name, env, purpose)
-- checks:     not_null(hour, resource_type, event_count)
-- checks:     conserves(cost_usd = value, resource_events where event_type = 'cost')
-- checks:     conserves(amortized_cost_usd, resource_events where event_type = 'cost')
-- checks:     conserves(net_cost_usd, resource_events where event_type = 'cost')
with
bill_lines as (
    select *
    from resource_events
    where event_type = 'cost'
        and event_date between cast(? as date) and cast(? as date)
)

select
    date_trunc('hour', event_time) as hour,
    provider,
    aws_account_id,
    aws_region,
    resource_type,
    resource_arn,
    service,
    usage_type,
    charge_category,
    customer,
    cluster,
    index_name,
    env,
    purpose,
    sum(value) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd,
    sum(net_cost_usd) as net_cost_usd,
    count(*) as event_count,
    event_date as cost_date
from bill_lines
group by
    date_trunc('hour', event_time),
    provider,
    aws_account_id,
    aws_region,
    resource_type,
    resource_arn,
    service,
    usage_type,
    charge_category,
    customer,
    cluster,
    index_name,
    env,
    purpose,
    event_date
