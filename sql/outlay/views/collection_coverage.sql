-- How complete the evidence is: the newest outcome of each scan, and when it last succeeded, as of the newest run of the rollups.
-- grain:  collector, aws_account_id, aws_region
with
newest as (
    select max(day) as day
    from collection_coverage_daily
)

select
    collection_coverage_daily.collector,
    collection_coverage_daily.aws_account_id,
    collection_coverage_daily.aws_region,
    collection_coverage_daily.status,
    collection_coverage_daily.last_scan_at,
    collection_coverage_daily.last_ok_at,
    collection_coverage_daily.event_count,
    collection_coverage_daily.error_message
from collection_coverage_daily
inner join newest
    on newest.day = collection_coverage_daily.day
