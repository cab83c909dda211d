-- The newest outcome of each scan at the end of each day, carried on from the day before where it was not made again.
-- grain:     day, collector, aws_account_id, aws_region
-- partition: day
-- retention: 90 days
create external table collection_coverage_daily (
    collector      string     comment 'Which collector, or which bill',
    aws_account_id string     comment 'Account that was scanned; the export for a bill, or the bill itself by its name',
    aws_region     string     comment 'Region that was scanned; the billing period for a bill',
    status         string     comment 'Outcome of the newest scan: ok, denied, throttled, failed or skipped',
    last_scan_at   timestamp  comment 'Slot of the newest scan, UTC',
    last_ok_at     timestamp  comment 'Slot of the newest scan that succeeded, UTC; null where none did',
    event_count    bigint     comment 'Events of the newest scan',
    error_message  string     comment 'Why the newest scan did not succeed',
    scan_count     bigint     comment 'Scans of the day',
    failure_count  bigint     comment 'Scans of the day that were neither ok nor skipped'
)
partitioned by (
    day            date       comment 'UTC day'
)
stored as parquet
