"""The SQL behind a report: sql/<name>.sql beside this file, with days filled in where it says `{first_day}` and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.resources import files

from lake.sql_text import literal

NAMES = (
    "violations",
    "anomalies",
    "nodes",
    "series",
    "band",
    "scans",
    "resources_by_cost",
    "customer_costs",
    "inventory",
    "account_names",
)
"""Every query but `bounds`, which gives the days that the others are asked for. Findings first: drivers wait for them."""


def statement(name: str, days: Mapping[str, date]) -> str:
    """The text of a query; days fills first_day and last_day in."""
    text = (files("local.report") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**{key: literal(day) for key, day in days.items()}).strip()
