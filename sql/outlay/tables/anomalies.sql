-- Each day's usage cost of the nodes worth watching, held against the 30 days before it.
-- grain:     usage_date, dimension, level, ancestor_id
-- partition: usage_date
-- retention: forever
create external table anomalies (
    dimension        string          comment 'Hierarchy: account, group or service',
    level            string          comment 'total, account, customer or service',
    ancestor_id      string          comment 'Node of that level',
    daily_cost       decimal(38,12)  comment 'Usage cost of the day, USD: amortized, without tax, fees, credits and refunds',
    ma30_cost        double          comment 'Mean of the 30 days before, USD; days without cost count as 0',
    stddev30_cost    double          comment 'Sample standard deviation of the same days, USD',
    z_score          double          comment '(daily_cost - ma30_cost) / stddev30_cost; null with under 14 days of history or no deviation',
    expected_usd     decimal(38,12)  comment 'ma30_cost as money, USD',
    over_usd         decimal(38,12)  comment 'daily_cost less expected_usd, USD; negative when less was spent',
    history_days     bigint          comment 'Days before this one that the node, or a bill at all, was known (30 at most)',
    anomaly_type     string          comment 'HIGH_SPEND, LOW_SPEND or NORMAL'
)
partitioned by (
    usage_date       date            comment 'UTC day; only complete days are judged'
)
stored as parquet
