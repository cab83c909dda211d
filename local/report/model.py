"""The Report: everything that the page and the terminal show, gathered once and free of any connection.

Money is Decimal in USD, days are UTC dates. `to_json` and `from_json` carry it over files without loss.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

from local.report.charges import QueryCost
from notifiers.drivers import Driver
from notifiers.wording import SPEND

UNATTRIBUTED = "unattributed"


@dataclass(frozen=True)
class Node:
    """One node of a level. The daily tuples are aligned with Report.days; only the largest nodes have them."""

    id: str
    billed_usd: Decimal
    amortized_usd: Decimal
    line_count: int = 0
    daily_billed: tuple[Decimal, ...] = ()
    daily_amortized: tuple[Decimal, ...] = ()
    daily_usage: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Level:
    """Every node of one level of one hierarchy, largest first. other_* is each day's sum of the nodes without a series.

    Usage is amortized cost without tax, fees, credits and refunds: what anomalies look at.
    """

    dimension: str
    level: str
    nodes: tuple[Node, ...]
    other_billed: tuple[Decimal, ...] = ()
    other_amortized: tuple[Decimal, ...] = ()
    other_usage: tuple[Decimal, ...] = ()

    @property
    def key(self) -> str:
        """The level's name within the report, such as group/customer."""
        return f"{self.dimension}/{self.level}"

    @property
    def billed_usd(self) -> Decimal:
        """Sum of the level's nodes."""
        return sum((node.billed_usd for node in self.nodes), Decimal(0))

    @property
    def amortized_usd(self) -> Decimal:
        """Sum of the level's nodes, commitments spread over the usage that they cover."""
        return sum((node.amortized_usd for node in self.nodes), Decimal(0))

    def cost_of(self, node_id: str) -> Decimal:
        """Billed cost of one node; 0 where the level has none of that name."""
        return next((node.billed_usd for node in self.nodes if node.id == node_id), Decimal(0))


@dataclass(frozen=True)
class BandPoint:
    """One judged day of a node: what was spent, and mean and standard deviation of the 30 days before it."""

    day: date
    actual_usd: Decimal
    mean_usd: float | None
    stddev_usd: float | None


@dataclass(frozen=True)
class AnomalyRow:
    """A finding of cost_anomalies: consecutive unusual days of one node, and the days around it.

    Amounts and drivers are those of first_day, and of usage alone.
    """

    finding_id: str
    dimension: str
    level: str
    node: str
    anomaly_type: str
    status: str
    first_day: date
    last_day: date
    day_count: int
    actual_usd: Decimal
    expected_usd: Decimal
    over_usd: Decimal
    over_pct: float | None
    z_score: float | None
    band: tuple[BandPoint, ...] = ()
    drivers: tuple[Driver, ...] = ()
    query: str = ""

    @property
    def basis(self) -> str:
        """Which cost the amounts are, in Slack's words."""
        return SPEND["usage"][1]


@dataclass(frozen=True)
class ViolationRow:
    """A finding of budget_violations: a rule that a node broke, by how much, and what grew.

    window: first and last day that the amounts are for, last_day alone or its month so far; drivers are of the same days and
    of cost_type, too.
    """

    finding_id: str
    rule_id: str
    description: str
    severity: str
    owner: str | None
    dimension: str
    level: str
    node: str
    period: str
    cost_type: str
    status: str
    first_day: date
    last_day: date
    day_count: int
    actual_usd: Decimal
    limit_usd: Decimal
    over_usd: Decimal
    window: tuple[date, date]
    drivers: tuple[Driver, ...] = ()
    query: str = ""

    @property
    def basis(self) -> str:
        """Which cost the amounts are, in Slack's words."""
        return SPEND[self.cost_type][1]


@dataclass(frozen=True)
class Scan:
    """The newest outcome of one collector in one account and region (for a bill: its export and billing period)."""

    collector: str
    account_id: str
    region: str
    status: str
    event_count: int
    at: datetime
    error: str | None = None


@dataclass(frozen=True)
class ResourceCost:
    """A resource that costs much over the report's days; state None where no collector sees it."""

    arn: str
    resource_type: str
    name: str | None
    account_id: str
    region: str | None
    customer: str | None
    state: str | None
    billed_usd: Decimal
    amortized_usd: Decimal


@dataclass(frozen=True)
class CustomerCost:
    """What one customer costs with one service in one cluster."""

    customer: str
    cluster: str
    service: str
    billed_usd: Decimal
    amortized_usd: Decimal


@dataclass(frozen=True)
class Inventory:
    """How many resources of a type and state the newest snapshot holds in an account."""

    resource_type: str
    state: str
    account_id: str
    count: int


@dataclass(frozen=True)
class SlackMessage:
    """A message as Slack took it."""

    channel: str | None
    text: str
    ts: str
    thread_ts: str | None
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Report:
    """One run as people see it. days are all days between the first and the last with cost."""

    title: str
    generated_at: datetime
    days: tuple[date, ...]
    levels: tuple[Level, ...]
    last_complete_day: date | None = None
    account_names: Mapping[str, str] = field(default_factory=dict)
    anomalies: tuple[AnomalyRow, ...] = ()
    violations: tuple[ViolationRow, ...] = ()
    scans: tuple[Scan, ...] = ()
    resources: tuple[ResourceCost, ...] = ()
    customers: tuple[CustomerCost, ...] = ()
    inventory: tuple[Inventory, ...] = ()
    messages: tuple[SlackMessage, ...] = ()
    queries: tuple[QueryCost, ...] = ()

    @property
    def total(self) -> Decimal:
        """What all providers charged over the report's days."""
        top = self.level("account/total")
        return top.billed_usd if top else Decimal(0)

    def level(self, key: str) -> Level | None:
        """The level called key, such as account/region; None where the rollup has no such level."""
        return next((level for level in self.levels if level.key == key), None)

    def account_name(self, account_id: str) -> str:
        """The account's display name; its id where the configuration names none."""
        return self.account_names.get(account_id, account_id)

    def ties_out(self) -> bool:
        """Whether each level adds up to the total, billed and amortized, with no rounding at all."""
        top = self.level("account/total")
        return top is not None and all(
            level.billed_usd == top.billed_usd and level.amortized_usd == top.amortized_usd for level in self.levels
        )

    def to_json(self) -> str:
        """The report as JSON: money as strings, times as ISO 8601."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that to_json wrote."""
        report: Report = _typed(cls, json.loads(text))
        return report


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a report holds no {type(value).__name__}")


def _typed(kind: Any, value: Any) -> Any:
    """JSON's value as the annotated type: the inverse of asdict and _plain."""
    if value is None or kind is Any:
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _typed(next(option for option in get_args(kind) if option is not types.NoneType), value)
    if origin is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _typed(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value})  # type: ignore[operator]
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    return kind(value) if kind in (Decimal, float) else value
