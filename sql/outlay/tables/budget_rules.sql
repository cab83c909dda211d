-- Spending rules of config/budgets.yaml, as they stood at the last deployment.
-- grain:     rule_id
-- retention: forever
create external table budget_rules (
    rule_id      string          comment 'Name of the rule, unique',
    description  string          comment 'Why it is there, for the person who is told',
    dimension    string          comment 'Hierarchy that it looks at: account, group or service',
    level        string          comment 'Level of that hierarchy, such as account or customer',
    ancestor_id  string          comment 'Node that it limits, such as an account id; null for every node of the level',
    period       string          comment 'daily or monthly (month to date)',
    limit_usd    decimal(18,2)   comment 'Most that may be spent in a period, in USD',
    cost_type    string          comment 'unblended, amortized or net',
    severity     string          comment 'info, warning or critical',
    owner        string          comment 'Slack channel or person to tell; null for the default channel'
)
stored as parquet
