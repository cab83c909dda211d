-- What each resource cost in each hour, from every source's bill.
-- grain:     hour, provider, aws_account_id, aws_region, resource_type, resource_arn, service, usage_type, charge_category, customer, cluster, index_name, env, purpose
-- partition: cost_date
-- retention: 1 year
create external table cost_hourly (
    hour               timestamp       comment 'Start of the hour, UTC; midnight for charges billed by the day or month',
    provider           string          comment 'Who charges, such as AWS',
    aws_account_id     string          comment 'Account that used it; for other providers the sub-account',
    aws_region         string          comment 'Region; null where the charge has none',
    resource_type      string          comment 'Kind of resource; cost_allocation where the charge names none',
    resource_arn       string          comment 'Universal join key; null where the charge names no resource',
    service            string          comment 'The provider\'s service',
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
    cost_date          date            comment 'UTC date of hour'
)
stored as parquet
