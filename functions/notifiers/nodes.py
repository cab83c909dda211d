"""Nodes of the cost hierarchies: how a finding's (level, ancestor_id) is found in cost_hourly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lake.sql_text import literal, visible_literal

RunQuery = Callable[[str], list[dict[str, Any]]]
"""Runs a SELECT in the lake's database and gives its rows, as lake.athena.Athena.rows does."""

TOTAL, UNATTRIBUTED = "total", "unattributed"

NODE_OF_LEVEL = {
    TOTAL: literal(TOTAL),
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
"""The ancestor_id that a row of cost_hourly has on each level, as cost_rollup_daily makes it; null is `unattributed`."""


def condition(level: str, ancestor_id: str) -> str | None:
    """The SQL condition that picks a node's rows of cost_hourly; None for the total, which is all of them."""
    if level == TOTAL:
        return None
    node = NODE_OF_LEVEL[level]
    if ancestor_id == UNATTRIBUTED:
        return f"coalesce({node}, {literal(UNATTRIBUTED)}) = {literal(UNATTRIBUTED)}"
    return f"{node} = {visible_literal(ancestor_id)}"


def account_of_node(level: str, ancestor_id: str) -> str | None:
    """The account that a node lies in; None for nodes that cut across accounts."""
    return ancestor_id.split("/", 1)[0] if level in ("account", "region") else None
