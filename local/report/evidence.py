"""The query that shows a finding's evidence: what a person pastes into Athena to see the same money by resource."""

from __future__ import annotations

from datetime import date

from notifiers.nodes import condition


def evidence_query(dimension: str, level: str, node: str, first_day: date, last_day: date) -> str:
    """SQL over cost_hourly: the node's cost from first_day to last_day by resource, usage type and day, largest first."""
    picked = condition(level, node)
    picked = f"\n    and {picked}" if picked else ""
    return (
        "select cost_date, service, usage_type, resource_arn,\n"
        "    sum(cost_usd) as cost_usd, sum(amortized_cost_usd) as amortized_cost_usd\n"
        "from cost_hourly\n"
        f"where cost_date between date '{first_day}' and date '{last_day}'{picked}\n"
        "group by cost_date, service, usage_type, resource_arn\n"
        "order by cost_usd desc\n"
        "limit 100"
    )
