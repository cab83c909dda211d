"""Nodes of the cost hierarchies: how one is picked in SQL, and which account it lies in. The levels are cost_nodes'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lake.sql_text import visible_literal

RunQuery = Callable[[str], list[dict[str, Any]]]
"""Runs a SELECT in the lake's database and gives its rows, as lake.athena.Athena.rows does."""

TOTAL = "total"


def node_condition(dimension: str, level: str, ancestor_id: str) -> str:
    """The SQL condition that picks a node's rows of cost_nodes and cost_node_resources, one part a line."""
    named = (f"dimension = {visible_literal(dimension)}", f"level = {visible_literal(level)}")
    return "\n    and ".join((*named, f"ancestor_id = {visible_literal(ancestor_id)}"))


def account_of_node(level: str, ancestor_id: str) -> str | None:
    """The account that a node lies in; None for nodes that cut across accounts."""
    return ancestor_id.split("/", 1)[0] if level in ("account", "region") else None
