-- How each scan ended when it last ran.
select
    collector,
    aws_account_id,
    aws_region,
    status,
    last_scan_at,
    event_count,
    error_message
from collection_coverage
order by collector, aws_account_id, aws_region
