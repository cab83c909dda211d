"""Findings: what the views budget_violations and cost_anomalies hold that somebody may have to be told of.

Grain: finding_id. Money in USD, as Decimal; days in UTC. Source: the two views, whose columns the fields are named for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from lake.sql_text import identifiers, literal
from notifiers.nodes import RunQuery
from notifiers.recent import RecentViews

OPEN, RESOLVED = "open", "resolved"
RESOLVED_DAYS = 35
"""A finding that was resolved longer before the newest day of the bill needs no answer. Bills may come weeks late."""
NEWS_DAYS = 7
"""A finding that was resolved longer before the newest day of the bill is no news to who has not heard of it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What violations and anomalies share. over_usd is what was spent in the window beyond the limit or the expected.

    is_news: it is open, or was resolved in the last NEWS_DAYS days of the bill.
    """

    finding_type: ClassVar[str]

    finding_id: str
    dimension: str
    level: str
    ancestor_id: str
    status: str
    last_day: date
    day_count: int
    over_usd: Decimal
    resolved_day: date | None = None
    is_news: bool = True

    @property
    def window(self) -> tuple[date, date]:
        """First and last day of the period that the amounts are for."""
        raise NotImplementedError

    @property
    def spend(self) -> str:
        """Which cost the amounts count: unblended, amortized, net, or usage (amortized, without tax, fees and credits)."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Violation(Finding):
    """A broken budget rule: one row of budget_violations."""

    finding_type: ClassVar[str] = "budget_violation"

    rule_id: str
    period: str
    cost_type: str
    first_day: date
    actual_usd: Decimal
    limit_usd: Decimal
    severity: str
    description: str | None = None
    owner: str | None = None

    @property
    def window(self) -> tuple[date, date]:
        """The month up to last_day for a monthly rule, last_day for a daily one."""
        return (self.last_day.replace(day=1) if self.period == "monthly" else self.last_day), self.last_day

    @property
    def spend(self) -> str:
        """The rule's cost_type."""
        return self.cost_type


@dataclass(frozen=True, kw_only=True)
class Anomaly(Finding):
    """A run of unusual days: one row of cost_anomalies. Amounts are those of its first day, usage_date."""

    finding_type: ClassVar[str] = "cost_anomaly"

    usage_date: date
    daily_cost: Decimal
    expected_usd: Decimal
    anomaly_type: str
    over_pct: float | None = None
    z_score: float | None = None

    @property
    def window(self) -> tuple[date, date]:
        """The first unusual day."""
        return self.usage_date, self.usage_date

    @property
    def spend(self) -> str:
        """Anomalies look at usage alone."""
        return "usage"


def read_findings(read: RunQuery, recent: RecentViews) -> list[Finding]:
    """Every finding that is open or was resolved in the last RESOLVED_DAYS days of the bill, largest over_usd first.

    What may have begun before the recent days is left out: its first day, and with it its name, would not be the right one.
    """
    begun = literal(recent.first_day)
    violations = _query(Violation, "budget_violations", f"(period = 'monthly' or first_day > {begun})", recent)
    anomalies = _query(Anomaly, "cost_anomalies", f"usage_date > {begun}", recent)
    found: list[Finding] = [
        *(_finding(Violation, row) for row in read(violations)),
        *(_finding(Anomaly, row) for row in read(anomalies)),
    ]
    return sorted(found, key=lambda finding: (-finding.over_usd, finding.finding_id))


_Kind = TypeVar("_Kind", Violation, Anomaly)


def _query(kind: type[Finding], view: str, is_whole: str, recent: RecentViews) -> str:
    columns = identifiers([field.name for field in fields(kind) if field.name != "is_news"])
    news_since, since = (literal(recent.newest_day - timedelta(days=days)) for days in (NEWS_DAYS, RESOLVED_DAYS))
    return (
        f"{recent.ctes(view)}\nselect {columns},\n    "
        f"coalesce(resolved_day >= {news_since}, true) as is_news\n"
        f"from {view}\n"
        f"where (status = {literal(OPEN)} or resolved_day >= {since})\n    and {is_whole}"
    )


def _finding(kind: type[_Kind], row: Mapping[str, Any]) -> _Kind:
    return kind(**{field.name: row[field.name] for field in fields(kind)})
