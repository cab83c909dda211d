-- Every message that was sent, to whom and about what.
-- grain:     notification_id
-- partition: notification_date
-- retention: forever
create external table notifications (
    notification_id string     comment 'UUIDv5 of finding_id and kind: the same message keeps its id',
    finding_id      string     comment 'The finding of budget_violations or cost_anomalies that it tells of',
    finding_type    string     comment 'budget_violation or cost_anomaly',
    kind            string     comment 'opened, resolved, withdrawn (no longer holds) or reopened (holds again)',
    sent_at         timestamp  comment 'When Slack took it, UTC',
    channel         string     comment 'Channel that it went to; null for a webhook, which knows its own',
    message_ts      string     comment 'Slack\'s id of the message; null for a webhook',
    thread_ts       string     comment 'Message that it answers; null for the first of a thread',
    summary         string     comment 'The message in one line'
)
partitioned by (
    notification_date date     comment 'UTC date of sent_at'
)
stored as parquet
