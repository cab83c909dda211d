-- How complete the evidence is: the newest outcome of each scan, and when it last succeeded.
-- grain:  collector, aws_account_id, aws_region
-- column: status Outcome of the newest scan: ok, denied, throttled, failed or skipped
-- column: last_scan_at Slot of the newest scan, UTC
-- column: last_ok_at Slot of the newest scan that succeeded, UTC; null where none did
-- column: event_count Events of the newest scan
-- column: error_message Why the newest scan did not succeed
select
    collector,
    aws_account_id,
    aws_region,
    max_by(status, slot) as status,
    max(slot) as last_scan_at,
    max(if(status = 'ok', slot)) as last_ok_at,
    max_by(event_count, slot) as event_count,
    max_by(error_message, slot) as error_message
from collector_runs
group by collector, aws_account_id, aws_region
