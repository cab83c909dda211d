-- What each resource looks like now: the newest snapshot of the lake.
-- grain: resource_arn
with
newest as (
    select max(snapshot_date) as snapshot_date
    from resource_snapshots_daily
)

select
    resource_snapshots_daily.resource_arn,
    resource_snapshots_daily.resource_type,
    resource_snapshots_daily.resource_id,
    resource_snapshots_daily.resource_name,
    resource_snapshots_daily.aws_account_id,
    resource_snapshots_daily.aws_region,
    resource_snapshots_daily.state,
    resource_snapshots_daily.first_seen,
    resource_snapshots_daily.last_seen,
    resource_snapshots_daily.last_updated,
    resource_snapshots_daily.customer,
    resource_snapshots_daily.cluster,
    resource_snapshots_daily.index_name,
    resource_snapshots_daily.env,
    resource_snapshots_daily.purpose,
    resource_snapshots_daily.account_role,
    resource_snapshots_daily.properties,
    resource_snapshots_daily.tags,
    resource_snapshots_daily.value,
    resource_snapshots_daily.unit,
    resource_snapshots_daily.cost_daily_usd,
    resource_snapshots_daily.cost_monthly_usd,
    resource_snapshots_daily.collector,
    resource_snapshots_daily."_version",
    resource_snapshots_daily.snapshot_date
from resource_snapshots_daily
inner join newest
    on newest.snapshot_date = resource_snapshots_daily.snapshot_date
