-- Every collected fact, one row an event: the source of truth from which everything else is made.
-- grain:     event_id
-- partition: event_type, collector, event_date
-- retention: 90 days, forever where event_type = 'cost'
create external table resource_events (
    event_id           string              comment 'UUIDv5 of what identifies the event: the same fact keeps its id however often it is collected',
    event_time         timestamp           comment 'When it happened, UTC: the scan for config, the start of the charge period for cost',
    ingested_at        timestamp           comment 'The scheduled time of the run (the delivery time of the bill) that brought it, UTC',
    aws_account_id     string              comment 'Account that owns the resource; for other providers the sub-account',
    aws_region         string              comment 'Region of the resource; global for one that has none, null where the charge has none',
    resource_arn       string              comment 'Universal join key: the ARN, or the provider\'s own id; null where a charge names no resource',
    resource_type      string              comment 'Kind of resource, such as ec2:instance; cost_allocation where a charge names no resource',
    resource_id        string              comment 'Short id within its type, such as i-0abc',
    resource_name      string              comment 'Name tag or display name; null where it has none',
    event_action       string              comment 'What happened within the event type: observed, usage, credit, ...',
    actor_arn          string              comment 'Who did it, where the source says so',
    actor_name         string              comment 'Short name of actor_arn',
    customer           string              comment 'Group: customer, from tags as config/grouping.yaml says; null where nothing names it',
    cluster            string              comment 'Group: cluster',
    index_name         string              comment 'Group: index',
    env                string              comment 'Group: environment',
    purpose            string              comment 'Group: purpose',
    account_role       string              comment 'What the account is for, from config/accounts.yaml',
    value              decimal(28,12)      comment 'The number, in unit; for cost events the unblended (billed) cost in USD',
    unit               string              comment 'Unit of value: USD, GiB, count, ...',
    properties         map<string,string>  comment 'What else the source says; keys by resource type in docs/data-dictionary.md',
    tags               map<string,string>  comment 'All tags, as the source spells them',
    provider           string              comment 'Cost events: who charges, such as AWS',
    service            string              comment 'Cost events: the provider\'s service, such as AmazonEC2',
    usage_type         string              comment 'Cost events: the provider\'s usage type or SKU',
    charge_category    string              comment 'Cost events: usage, fee, tax, credit, refund, discount, purchase or adjustment',
    amortized_cost_usd decimal(28,12)      comment 'Cost events: value with commitments spread over the usage they cover, in USD',
    net_cost_usd       decimal(28,12)      comment 'Cost events: value after private discounts, in USD'
)
partitioned by (
    event_type         string              comment 'lifecycle, cost, metric, config or tag_change',
    collector          string              comment 'Which collector, or which bill, brought it',
    event_date         date                comment 'UTC date of event_time'
)
stored as parquet
