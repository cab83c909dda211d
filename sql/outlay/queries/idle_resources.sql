-- Volumes attached to nothing and addresses that serve nobody, with what they cost in 30 days.
select
    aws_account_id,
    aws_region,
    resource_type,
    resource_id,
    resource_name,
    state,
    first_seen,
    cost_monthly_usd
from resource_snapshots
where state <> 'deleted'
    and (
        (resource_type = 'ebs:volume' and state = 'available')
        or (resource_type = 'elastic_ip' and element_at(properties, 'associated') = 'false')
    )
order by cost_monthly_usd desc nulls last
