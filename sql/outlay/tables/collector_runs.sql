-- How each scan ended: a failed scan is an outcome, never an empty table.
-- grain:     run_id, aws_account_id, aws_region
-- partition: run_date
-- retention: 1 year
create external table collector_runs (
    run_id         string     comment 'UUIDv5 of collector, slot and part: a retried run keeps its id',
    collector      string     comment 'Which collector, or which bill',
    slot           timestamp  comment 'Scheduled time of the run, UTC',
    part           int        comment '0, then 1, 2, ... for the continuations of a run that ran short of time',
    aws_account_id string     comment 'Account that was scanned; the export for a bill, or the bill itself by its name',
    aws_region     string     comment 'Region that was scanned, global where all of an account at once; the billing period for a bill',
    status         string     comment 'ok, denied, throttled, failed or skipped',
    event_count    bigint     comment 'Events that the scan brought; 0 unless ok',
    duration_ms    bigint     comment 'How long the scan took, in milliseconds',
    error_code     string     comment 'The API\'s own code, such as UnauthorizedOperation; Shrunken, Withdrawn, Superseded and Repeated warn of an ok bill',
    error_message  string     comment 'The error in one sentence, cut at 1,000 characters'
)
partitioned by (
    run_date       date       comment 'UTC date of slot'
)
stored as parquet
