-- The resources that cost most, with their name and state where a collector sees them.
with
costs as (
    select
        resource_arn,
        max(resource_type) as resource_type,
        max(aws_account_id) as aws_account_id,
        max(aws_region) as aws_region,
        max(customer) as customer,
        sum(cost_usd) as billed_usd,
        sum(amortized_cost_usd) as amortized_usd
    from cost_hourly
    where cost_date between {first_day} and {last_day}
        and resource_arn is not null
    group by resource_arn
    order by sum(cost_usd) desc, resource_arn
    limit 200
)

select
    costs.*,
    resource_snapshots.resource_name,
    resource_snapshots.state
from costs
left join resource_snapshots
    on resource_snapshots.resource_arn = costs.resource_arn
