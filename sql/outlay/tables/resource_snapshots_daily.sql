-- What each resource looked like at the end of each day.
-- grain:     snapshot_date, resource_arn
-- partition: snapshot_date
-- retention: forever
create external table resource_snapshots_daily (
    resource_arn     string              comment 'Universal join key',
    resource_type    string              comment 'Kind of resource, such as ebs:volume',
    resource_id      string              comment 'Short id within its type',
    resource_name    string              comment 'Name tag; null where it has none',
    aws_account_id   string              comment 'Account that owns it',
    aws_region       string              comment 'Region that it is in',
    state            string              comment 'State as the API names it; deleted once a later successful scan did not see it',
    first_seen       timestamp           comment 'First scan that saw it, UTC',
    last_seen        timestamp           comment 'Last scan that saw it, UTC',
    last_updated     timestamp           comment 'Last scan that saw it changed, UTC',
    customer         string              comment 'Group: customer',
    cluster          string              comment 'Group: cluster',
    index_name       string              comment 'Group: index',
    env              string              comment 'Group: environment',
    purpose          string              comment 'Group: purpose',
    account_role     string              comment 'What the account is for',
    properties       map<string,string>  comment 'As of last_seen',
    tags             map<string,string>  comment 'As of last_seen',
    value            decimal(28,12)      comment 'As of last_seen, in unit',
    unit             string              comment 'Unit of value',
    cost_daily_usd   decimal(28,12)      comment 'Amortized cost on the newest complete day of the bill, USD; null where no bill names it',
    cost_monthly_usd decimal(28,12)      comment 'Amortized cost of the 30 days up to that day, USD; null where no bill names it',
    collector        string              comment 'Which collector sees it',
    `_version`       bigint              comment 'last_seen in milliseconds since 1970: the larger is the newer'
)
partitioned by (
    snapshot_date    date                comment 'UTC day that the snapshot closes'
)
stored as parquet
