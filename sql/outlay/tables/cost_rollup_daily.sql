-- What each node of each hierarchy cost on each day; every level adds up to the day's total.
-- grain:     day, dimension, level, ancestor_id
-- partition: day
-- retention: forever
create external table cost_rollup_daily (
    dimension          string          comment 'Hierarchy: account, group or service',
    level              string          comment 'account: total, provider, account, region; group: customer, cluster, index_name, env, purpose; service: service, resource_type, usage_type',
    ancestor_id        string          comment 'Node of that level, such as an account id; a region is account/region; unattributed for what names none',
    cost_usd           decimal(38,12)  comment 'Unblended (billed) cost, USD',
    amortized_cost_usd decimal(38,12)  comment 'With commitments spread over the usage that they cover, USD',
    net_cost_usd       decimal(38,12)  comment 'After private discounts, USD',
    usage_cost_usd     decimal(38,12)  comment 'The part of amortized_cost_usd that is usage: without tax, fees, credits and refunds; what anomalies look at, USD',
    event_count        bigint          comment 'Bill lines'
)
partitioned by (
    day                date            comment 'UTC day'
)
stored as parquet
