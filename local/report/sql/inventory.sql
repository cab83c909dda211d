-- How many resources there are, by type, state and account.
select
    resource_type,
    coalesce(state, 'unknown') as state,
    aws_account_id,
    count(*) as resource_count
from resource_snapshots
group by resource_type, coalesce(state, 'unknown'), aws_account_id
