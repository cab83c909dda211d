-- What each day's usage cost, across all dimensions but the resource: for questions that cross them.
-- grain:     day, provider, aws_account_id, aws_region, service, resource_type, usage_type, charge_category, customer, cluster, index_name, env, purpose
-- partition: day
-- retention: forever
create external table cost_daily (
    provider           string          comment 'Who charges, such as AWS',
    aws_account_id     string          comment 'Account that used it; for other providers the sub-account',
    aws_region         string          comment 'Region; null where the charge has none',
    service            string          comment 'The provider\'s service',
    resource_type      string          comment 'Kind of resource; cost_allocation where the charge names none',
    usage_type         string          comment 'The provider\'s usage type or SKU',
    charge_category    string          comment 'usage, fee, tax, credit, refund, discount, purchase or adjustment',
    customer           string          comment 'Group: customer',
    cluster            string          comment 'Group: cluster',
    index_name         string          comment 'Group: index',
    env                string          comment 'Group: environment',
    purpose            string          comment 'Group: purpose',
    cost_usd           decimal(38,12)  comment 'Unblended (billed) cost, USD',
    amortized_cost_usd decimal(38,12)  comment 'With commitments spread over the usage that they cover, USD',
    net_cost_usd       decimal(38,12)  comment 'After private discounts, USD',
    event_count        bigint          comment 'Bill lines'
)
partitioned by (
    day                date            comment 'UTC day'
)
stored as parquet
