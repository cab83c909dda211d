-- Each day on which a budget rule was broken, and by how much.
-- grain:     day, rule_id, ancestor_id
-- partition: day
-- retention: forever
create external table rule_violations (
    rule_id      string          comment 'The rule of budget_rules that was broken',
    dimension    string          comment 'Hierarchy that the rule looks at',
    level        string          comment 'Level of that hierarchy',
    ancestor_id  string          comment 'Node that spent too much',
    period       string          comment 'daily or monthly (month to date)',
    period_start date            comment 'First day of the period: day itself, or the first of the month',
    cost_type    string          comment 'unblended, amortized or net',
    actual_usd   decimal(38,12)  comment 'Spent from period_start up to and with day, USD',
    limit_usd    decimal(18,2)   comment 'The rule\'s limit, USD',
    over_usd     decimal(38,12)  comment 'actual_usd less limit_usd, USD',
    severity     string          comment 'info, warning or critical'
)
partitioned by (
    day          date            comment 'UTC day'
)
stored as parquet
