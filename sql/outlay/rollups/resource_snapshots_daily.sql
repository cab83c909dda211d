-- What each resource looked like at the end of each day.
-- parameters: first_day, last_day, first_day, last_day, last_day, last_day, last_day, last_day
-- reads:      resource_events(event_type = 'config') 0..0
-- reads:      resource_snapshots_daily -1..-1
-- reads:      collection_coverage_daily 0..0
-- reads:      cost_hourly -45..0 as built
-- checks:     unique(snapshot_date, resource_arn)
-- checks:     not_null(resource_arn, resource_type, state, first_seen, last_seen)
with
seen as (
    select
        *,
        element_at(properties, 'state') as reported_state
    from resource_events
    where event_type = 'config'
        and event_date between cast(? as date) and cast(? as date)
),

before as (
    select *
    from resource_snapshots_daily
    where snapshot_date between cast(? as date) - interval '1' day and cast(? as date) - interval '1' day
),

-- Yesterday's row is one more observation, the oldest.
observations as (
    select
        resource_arn, resource_type, resource_id, resource_name, aws_account_id, aws_region,
        coalesce(reported_state, 'active') as state,
        event_time as observed_at, event_time as first_seen, cast(null as timestamp) as last_updated,
        customer, cluster, index_name, env, purpose, account_role, properties, tags, value, unit, collector
    from seen
    union all
    select
        resource_arn, resource_type, resource_id, resource_name, aws_account_id, aws_region,
        state,
        last_seen as observed_at, first_seen, last_updated,
        customer, cluster, index_name, env, purpose, account_role, properties, tags, value, unit, collector
    from before
),

compared as (
    select
        observations.*,
        last_updated is null
            and (
                lag(properties) over in_time is distinct from properties
                or lag(tags) over in_time is distinct from tags
                or lag(value) over in_time is distinct from value
                or lag(resource_name) over in_time is distinct from resource_name
            ) as is_changed,
        row_number() over (partition by resource_arn order by observed_at desc, first_seen desc) as newest_first
    from observations
    window in_time as (partition by resource_arn order by observed_at, first_seen)
),

histories as (
    select
        resource_arn,
        min(first_seen) as first_seen,
        max(observed_at) as last_seen,
        max(if(is_changed, observed_at, last_updated)) as last_updated
    from compared
    group by resource_arn
),

successful_scans as (
    select
        collector,
        aws_account_id,
        aws_region,
        last_ok_at
    from collection_coverage_daily
    where day = cast(? as date)
),

-- A bill may lag by two weeks: 30 complete days are looked for in 45.
costs_by_day as (
    select
        resource_arn,
        cost_date,
        sum(amortized_cost_usd) as cost_usd
    from cost_hourly
    where cost_date between cast(? as date) - interval '45' day and cast(? as date)
        and resource_arn is not null
    group by resource_arn, cost_date
),

-- The newest day of a bill is still growing.
complete_day as (
    select max(cost_date) - interval '1' day as day
    from costs_by_day
),

costs as (
    select
        costs_by_day.resource_arn,
        sum(if(costs_by_day.cost_date = complete_day.day, costs_by_day.cost_usd)) as cost_daily_usd,
        sum(costs_by_day.cost_usd) as cost_monthly_usd
    from costs_by_day
    cross join complete_day
    where costs_by_day.cost_date between complete_day.day - interval '29' day and complete_day.day
    group by costs_by_day.resource_arn
),

closed as (
    select
        compared.*,
        histories.first_seen as ever_first_seen,
        histories.last_seen,
        histories.last_updated as ever_last_updated,
        coalesce(scans_there.last_ok_at > histories.last_seen, false)
            or coalesce(scans_everywhere.last_ok_at > histories.last_seen, false) as is_gone,
        costs.cost_daily_usd,
        costs.cost_monthly_usd,
        cast(? as date) as snapshot_date
    from compared
    inner join histories
        on histories.resource_arn = compared.resource_arn
    left join successful_scans as scans_there
        on scans_there.collector = compared.collector
        and scans_there.aws_account_id = compared.aws_account_id
        and scans_there.aws_region = compared.aws_region
    -- A scan of a whole account sees the resources of all its regions.
    left join successful_scans as scans_everywhere
        on scans_everywhere.collector = compared.collector
        and scans_everywhere.aws_account_id = compared.aws_account_id
        and scans_everywhere.aws_region = 'global'
    left join costs
        on costs.resource_arn = compared.resource_arn
    where compared.newest_first = 1
)

select
    resource_arn,
    resource_type,
    resource_id,
    resource_name,
    aws_account_id,
    aws_region,
    if(is_gone, 'deleted', state) as state,
    ever_first_seen as first_seen,
    last_seen,
    ever_last_updated as last_updated,
    customer,
    cluster,
    index_name,
    env,
    purpose,
    account_role,
    properties,
    tags,
    value,
    unit,
    cast(cost_daily_usd as decimal(28, 12)) as cost_daily_usd,
    cast(cost_monthly_usd as decimal(28, 12)) as cost_monthly_usd,
    collector,
    to_milliseconds(last_seen - timestamp '1970-01-01 00:00:00') as "_version",
    snapshot_date
from closed
-- What has been gone for 30 days leaves the snapshot; its earlier snapshots keep it.
where not ((is_gone or state = 'deleted') and last_seen < snapshot_date - interval '30' day)
