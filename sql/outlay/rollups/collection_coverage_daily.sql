-- The newest outcome of each scan at the end of each day, carried on from the day before where it was not made again.
-- parameters: first_day, last_day, first_day, last_day, last_day, last_day
-- reads:      collector_runs 0..0
-- reads:      collection_coverage_daily -1..-1
-- checks:     unique(day, collector, aws_account_id, aws_region)
-- checks:     not_null(collector, status, last_scan_at, scan_count)
with
-- Yesterday's row is one more outcome, the oldest.
outcomes as (
    select
        collector,
        aws_account_id,
        aws_region,
        status,
        slot as scanned_at,
        if(status = 'ok', slot) as ok_at,
        event_count,
        error_message,
        1 as scan_count,
        if(status in ('ok', 'skipped'), 0, 1) as failure_count
    from collector_runs
    where run_date between cast(? as date) and cast(? as date)
    union all
    select
        collector,
        aws_account_id,
        aws_region,
        status,
        last_scan_at as scanned_at,
        last_ok_at as ok_at,
        event_count,
        error_message,
        0 as scan_count,
        0 as failure_count
    from collection_coverage_daily
    where day between cast(? as date) - interval '1' day and cast(? as date) - interval '1' day
)

select
    collector,
    aws_account_id,
    aws_region,
    max_by(status, scanned_at) as status,
    max(scanned_at) as last_scan_at,
    max(ok_at) as last_ok_at,
    max_by(event_count, scanned_at) as event_count,
    max_by(error_message, scanned_at) as error_message,
    sum(scan_count) as scan_count,
    sum(failure_count) as failure_count,
    cast(? as date) as day
from outcomes
group by
    collector,
    aws_account_id,
    aws_region
-- What nobody has scanned for a year is carried on no longer: its outcomes are gone from collector_runs, too.
having max(scanned_at) >= cast(? as date) - interval '1' year
