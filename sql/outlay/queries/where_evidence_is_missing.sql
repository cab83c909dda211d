-- Scans whose newest outcome is not ok, with when they last succeeded and why they do not now.
select
    collector,
    aws_account_id,
    aws_region,
    status,
    last_scan_at,
    last_ok_at,
    error_message
from collection_coverage
where status <> 'ok'
order by last_ok_at nulls first
