"""The query that shows a finding's evidence: what a person pastes into Athena to see the same money by resource."""

from __future__ import annotations

from datetime import date

from lake.sql_text import literal

COLUMNS = {
    "total": None,
    "provider": "provider",
    "account": "aws_account_id",
    "region": "aws_account_id || '/' || aws_region",
    "customer": "customer",
    "cluster": "cluster",
    "index_name": "index_name",
    "env": "env",
    "purpose": "purpose",
    "service": "service",
    "resource_type": "resource_type",
    "usage_type": "usage_type",
}
"""Level of cost_rollup_daily: the expression over cost_hourly that it stands for."""


def evidence_query(dimension: str, level: str, node: str, first_day: date, last_day: date) -> str:
    """SQL over cost_hourly: the node's cost from first_day to last_day by resource, usage type and day, largest first."""
    column = COLUMNS.get(level)
    if column is None:
        condition = ""
    elif node == "unattributed":
        condition = f"\n    and {column} is null"
    else:
        condition = f"\n    and {column} = {literal(node)}"
    return (
        "select cost_date, service, usage_type, resource_arn,\n"
        "    sum(cost_usd) as cost_usd, sum(amortized_cost_usd) as amortized_cost_usd\n"
        "from cost_hourly\n"
        f"where cost_date between date '{first_day}' and date '{last_day}'{condition}\n"
        "group by cost_date, service, usage_type, resource_arn\n"
        "order by cost_usd desc\n"
        "limit 100"
    )
