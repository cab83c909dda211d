-- What the money of each finding went to, over its days within the last two weeks.
with
findings as (
    select finding_id, dimension, level, ancestor_id, first_day, last_day
    from budget_violations
    where last_day >= {drivers_from}
    union all
    select finding_id, dimension, level, ancestor_id, usage_date as first_day, last_day
    from cost_anomalies
    where last_day >= {drivers_from}
),

costs as (
    select
        findings.finding_id,
        coalesce(cost_hourly.resource_arn, cost_hourly.service) as what,
        cost_hourly.usage_type,
        sum(cost_hourly.cost_usd) as cost_usd
    from cost_hourly
    cross join unnest(array[
        row('account', 'total', 'total'),
        row('account', 'provider', provider),
        row('account', 'account', aws_account_id),
        row('account', 'region', aws_account_id || '/' || aws_region),
        row('group', 'customer', customer),
        row('group', 'cluster', cluster),
        row('group', 'index_name', index_name),
        row('group', 'env', env),
        row('group', 'purpose', purpose),
        row('service', 'service', service),
        row('service', 'resource_type', resource_type),
        row('service', 'usage_type', usage_type)
    ]) as node (dimension, level, ancestor_id)
    inner join findings
        on findings.dimension = node.dimension
        and findings.level = node.level
        and findings.ancestor_id = coalesce(node.ancestor_id, 'unattributed')
        and cost_hourly.cost_date between findings.first_day and findings.last_day
    where cost_hourly.cost_date between {drivers_from} and {last_day}
    group by
        findings.finding_id,
        coalesce(cost_hourly.resource_arn, cost_hourly.service),
        cost_hourly.usage_type
),

ranked as (
    select
        costs.*,
        row_number() over (partition by finding_id order by cost_usd desc, what, usage_type) as place
    from costs
)

select finding_id, what, usage_type, cost_usd
from ranked
where place <= 6
order by finding_id, place
