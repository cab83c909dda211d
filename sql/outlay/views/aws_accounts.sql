-- Every account that the configuration names or a bill or scan has shown, with its newest scan.
-- grain:  aws_account_id
-- column: is_configured Whether config/accounts.yaml names it; a bill may show accounts that nobody scans
-- column: last_scan_at Slot of the newest scan of any of its regions, UTC
-- column: last_ok_at Slot of the newest scan that succeeded, UTC
-- column: failing_scans Scans whose newest outcome is not ok
with
scans as (
    select
        aws_account_id,
        max(last_scan_at) as last_scan_at,
        max(last_ok_at) as last_ok_at,
        count_if(status <> 'ok') as failing_scans
    from collection_coverage
    where regexp_like(aws_account_id, '^[0-9]{12}$')
    group by aws_account_id
),

billed as (
    select distinct ancestor_id as aws_account_id
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'account'
        and regexp_like(ancestor_id, '^[0-9]{12}$')
)

select
    coalesce(account_settings.aws_account_id, scans.aws_account_id, billed.aws_account_id) as aws_account_id,
    account_settings.account_name,
    account_settings.account_role,
    account_settings.role_arn,
    account_settings.regions,
    coalesce(account_settings.enabled, false) as enabled,
    account_settings.aws_account_id is not null as is_configured,
    scans.last_scan_at,
    scans.last_ok_at,
    scans.failing_scans
from account_settings
full join scans
    on scans.aws_account_id = account_settings.aws_account_id
full join billed
    on billed.aws_account_id = coalesce(account_settings.aws_account_id, scans.aws_account_id)
