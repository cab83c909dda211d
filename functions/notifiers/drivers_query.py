"""The SQL that finds drivers: one SELECT over cost_hourly for any number of findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lake.sql_text import literal, visible_literal
from notifiers.findings import Finding
from notifiers.nodes import NODE_OF_LEVEL, UNATTRIBUTED

DRIVERS_PER_FINDING = 5
DAYS_BEFORE = 30


def drivers_query(findings: Sequence[Finding]) -> str:
    """The one SELECT that finds the drivers of all these findings."""
    first = min(finding.window[0] for finding in findings) - timedelta(days=DAYS_BEFORE)
    last = max(finding.window[1] for finding in findings)
    return _QUERY.format(
        findings=",\n        ".join(_values(finding) for finding in findings),
        nodes="\n            ".join(f"when {literal(level)} then {node}" for level, node in NODE_OF_LEVEL.items()),
        groups=",\n        ".join(_GROUPS),
        first=literal(first),
        last=literal(last),
        days_before=DAYS_BEFORE,
        unattributed=literal(UNATTRIBUTED),
        drivers=DRIVERS_PER_FINDING,
    )


def _values(finding: Finding) -> str:
    texts = (finding.finding_id, finding.level, finding.ancestor_id, finding.spend)
    return f"({', '.join([*map(visible_literal, texts), *map(literal, finding.window)])})"


_GROUPS = (
    "cost_date",
    "provider",
    "aws_account_id",
    "aws_region",
    "resource_type",
    "resource_arn",
    "service",
    "usage_type",
    "charge_category",
    "customer",
    "cluster",
    "index_name",
    "env",
    "purpose",
)

_QUERY = """
with
findings (finding_id, level, ancestor_id, spend, first_day, last_day) as (
    values
        {findings}
),

-- Aggregated first: far fewer rows then meet the findings.
daily as (
    select
        {groups},
        sum(cost_usd) as cost_usd,
        sum(amortized_cost_usd) as amortized_cost_usd,
        sum(net_cost_usd) as net_cost_usd
    from cost_hourly
    where cost_date between {first} and {last}
    group by
        {groups}
),

-- A bill may be younger than the days before: only days that it covers count as days.
windows as (
    select
        findings.finding_id,
        date_diff('day', findings.first_day, findings.last_day) + 1 as days,
        count(distinct daily.cost_date) as days_before
    from findings
    left join daily
        on daily.cost_date >= findings.first_day - interval '{days_before}' day
        and daily.cost_date < findings.first_day
    group by findings.finding_id, findings.first_day, findings.last_day
),

node_days as (
    select
        findings.finding_id,
        daily.cost_date >= findings.first_day as is_in_window,
        daily.aws_account_id,
        daily.service,
        daily.usage_type,
        daily.resource_arn,
        case findings.spend
            when 'unblended' then daily.cost_usd
            when 'amortized' then daily.amortized_cost_usd
            when 'net' then daily.net_cost_usd
            else if(daily.charge_category = 'usage', daily.amortized_cost_usd)
        end as usd
    from findings
    inner join daily
        on daily.cost_date between findings.first_day - interval '{days_before}' day and findings.last_day
        and findings.ancestor_id = coalesce(case findings.level
            {nodes}
        end, {unattributed})
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
