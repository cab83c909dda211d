"""The SQL that finds drivers: one SELECT over cost_node_resources for any number of findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lake.sql_text import literal, visible_literal
from notifiers.findings import Finding
from notifiers.nodes import node_condition

DRIVERS_PER_FINDING = 5
DAYS_BEFORE = 30


def drivers_query(findings: Sequence[Finding]) -> str:
    """The one SELECT that finds the drivers of all these findings."""
    first = min(finding.window[0] for finding in findings) - timedelta(days=DAYS_BEFORE)
    last = max(finding.window[1] for finding in findings)
    return _QUERY.format(
        findings=",\n        ".join(_values(finding) for finding in findings),
        nodes="\n        or ".join(sorted({f"({_node(finding)})" for finding in findings})),
        first=literal(first),
        last=literal(last),
        days_before=DAYS_BEFORE,
        drivers=DRIVERS_PER_FINDING,
    )


def _node(finding: Finding) -> str:
    return node_condition(finding.dimension, finding.level, finding.ancestor_id)


def _values(finding: Finding) -> str:
    texts = (finding.finding_id, finding.dimension, finding.level, finding.ancestor_id, finding.spend)
    return f"({', '.join([*map(visible_literal, texts), *map(literal, finding.window)])})"


_QUERY = """
with
findings (finding_id, dimension, level, ancestor_id, spend, first_day, last_day) as (
    values
        {findings}
),

-- A bill may be younger than the days before: only days that it covers count as days.
billed_days as (
    select distinct day
    from cost_daily
    where day between {first} and {last}
),

windows as (
    select
        findings.finding_id,
        date_diff('day', findings.first_day, findings.last_day) + 1 as days,
        count(billed_days.day) as days_before
    from findings
    left join billed_days
        on billed_days.day >= findings.first_day - interval '{days_before}' day
        and billed_days.day < findings.first_day
    group by findings.finding_id, findings.first_day, findings.last_day
),

-- The days and nodes are written out, so that no others are read.
costs as (
    select *
    from cost_node_resources
    where day between {first} and {last}
        and (
        {nodes}
        )
),

node_days as (
    select
        findings.finding_id,
        costs.day >= findings.first_day as is_in_window,
        costs.aws_account_id,
        costs.service,
        costs.usage_type,
        costs.resource_arn,
        case findings.spend
            when 'unblended' then costs.cost_usd
            when 'amortized' then costs.amortized_cost_usd
            when 'net' then costs.net_cost_usd
            else if(costs.charge_category = 'usage', costs.amortized_cost_usd)
        end as usd
    from findings
    inner join costs
        on costs.dimension = findings.dimension
        and costs.level = findings.level
        and costs.ancestor_id = findings.ancestor_id
        and costs.day between findings.first_day - interval '{days_before}' day and findings.last_day
),

resources as (
    select
        node_days.finding_id,
        node_days.aws_account_id,
        node_days.service,
        node_days.usage_type,
        node_days.resource_arn,
        coalesce(sum(if(node_days.is_in_window, node_days.usd)), decimal '0') as cost_usd,
        coalesce(
            sum(if(not node_days.is_in_window, node_days.usd)) * windows.days / nullif(windows.days_before, 0),
            decimal '0'
        ) as before_usd
    from node_days
    inner join windows
        on windows.finding_id = node_days.finding_id
    group by
        node_days.finding_id,
        node_days.aws_account_id,
        node_days.service,
        node_days.usage_type,
        node_days.resource_arn,
        windows.days,
        windows.days_before
),

drivers as (
    select
        finding_id,
        aws_account_id,
        service,
        usage_type,
        sum(cost_usd) as cost_usd,
        sum(before_usd) as before_usd,
        max_by(resource_arn, cost_usd - before_usd)
            filter (where resource_arn is not null and cost_usd > before_usd) as resource_arn,
        max(cost_usd - before_usd)
            filter (where resource_arn is not null and cost_usd > before_usd) as resource_increase_usd
    from resources
    group by finding_id, aws_account_id, service, usage_type
),

ranked as (
    select
        drivers.*,
        row_number() over (
            partition by finding_id
            order by cost_usd - before_usd desc, aws_account_id, service, usage_type
        ) as place
    from drivers
    where cost_usd > before_usd
)

select
    finding_id,
    aws_account_id,
    service,
    usage_type,
    resource_arn,
    cost_usd,
    before_usd,
    resource_increase_usd
from ranked
where place <= {drivers}
order by finding_id, place
"""
