"""Gathers a Report from the lake's tables and views, through any callable that runs Athena SQL and gives typed rows.

Every figure comes from the relations that people query themselves; nothing is computed here but sums that tie levels out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from lake.errors import OutlayError
from local.report import shape
from local.report.charges import QueryCost
from local.report.model import Inventory, Level, Message, Node, Report
from local.report.queries import NAMES, statement
from local.report.shape import Row

Query = Callable[[str], Sequence[Row]]
DAYS = 92
DRIVER_DAYS = 14
PARALLEL = 4
COSTS = ("billed_usd", "amortized_usd", "usage_usd")
LEVELS = (
    "account/total",
    "account/provider",
    "account/account",
    "account/region",
    "group/customer",
    "group/cluster",
    "group/index_name",
    "group/env",
    "group/purpose",
    "service/service",
    "service/resource_type",
    "service/usage_type",
)


def gather(
    query: Query, title: str, messages: Sequence[Message] = (), charged: Callable[[], Sequence[QueryCost]] = tuple
) -> Report:
    """The report of the newest 92 days in the lake.

    messages are those that Slack took. charged is called last and tells what all queries of the run scanned, these included.
    Raises OutlayError where the lake holds no cost.
    """
    bounds = query(statement("bounds", {}))[0]
    if bounds["last_day"] is None:
        raise OutlayError("the lake holds no cost yet: deliver a bill and run the functions bills and rollup")
    first = max(bounds["first_day"], bounds["last_day"] - timedelta(days=DAYS - 1))
    days = tuple(first + timedelta(days=n) for n in range((bounds["last_day"] - first).days + 1))
    rows = _run_all(query, days)
    drivers = shape.drivers(rows["finding_drivers"])
    return Report(
        title=title,
        generated_at=datetime.now(UTC).replace(microsecond=0),
        days=days,
        levels=_levels(rows["nodes"], rows["series"], days),
        last_complete_day=days[-2] if len(days) > 1 else None,
        account_names={row["aws_account_id"]: row["account_name"] for row in rows["account_names"]},
        anomalies=shape.anomalies(rows["anomalies"], rows["band"], drivers),
        violations=tuple(shape.violation(row, drivers) for row in rows["violations"]),
        scans=tuple(shape.scan(row) for row in rows["scans"]),
        resources=tuple(sorted(map(shape.resource, rows["resources_by_cost"]), key=lambda r: (-r.billed_usd, r.arn))),
        customers=shape.customers(rows["customer_costs"]),
        inventory=tuple(
            Inventory(row["resource_type"], row["state"], row["aws_account_id"], row["resource_count"])
            for row in rows["inventory"]
        ),
        messages=tuple(messages),
        queries=tuple(charged()),
    )


def _run_all(query: Query, days: tuple[date, ...]) -> dict[str, Sequence[Row]]:
    """Every query's rows by its name; a few run side by side, as Athena takes them."""
    drivers_from = max(days[0], days[-1] - timedelta(days=DRIVER_DAYS - 1))
    bounds = {"first_day": days[0], "last_day": days[-1], "drivers_from": drivers_from}
    with ThreadPoolExecutor(PARALLEL) as pool:
        return dict(zip(NAMES, pool.map(query, [statement(name, bounds) for name in NAMES]), strict=True))


def _levels(nodes: Sequence[Row], series: Sequence[Row], days: tuple[date, ...]) -> tuple[Level, ...]:
    """Levels in the order of the hierarchies, each with its nodes, largest first, and the series of the largest."""
    daily = _daily(series, days)
    by_level: defaultdict[tuple[str, str], list[Node]] = defaultdict(list)
    for row in nodes:
        level, node_id = (row["dimension"], row["level"]), row["ancestor_id"]
        costs = (row["billed_usd"], row["amortized_usd"], int(row["line_count"]))
        by_level[level].append(Node(node_id, *costs, *daily.get((*level, node_id), ())))
    return tuple(
        Level(
            *level,
            tuple(sorted(by_level[level], key=lambda node: (-node.billed_usd, node.id))),
            *daily.get((*level, None), ()),
        )
        for level in sorted(by_level, key=_level_order)
    )


def _daily(series: Sequence[Row], days: tuple[date, ...]) -> dict[tuple[str, str, str | None], list[tuple[Decimal, ...]]]:
    """Billed, amortized and usage cost of each day, by dimension, level and node (None: the nodes without a series)."""
    place = {day: index for index, day in enumerate(days)}
    costs: dict[tuple[str, str, str | None], list[list[Decimal]]] = {}
    for row in series:
        key = (row["dimension"], row["level"], row["node"])
        values = costs.setdefault(key, [[Decimal(0)] * len(days) for _ in COSTS])
        for daily, column in zip(values, COSTS, strict=True):
            daily[place[row["day"]]] += row[column] or 0
    return {key: [tuple(daily) for daily in values] for key, values in costs.items()}


def _level_order(level: tuple[str, str]) -> tuple[int, str]:
    """Hierarchies as people read them; within one, as the rollup lists its levels."""
    name = "/".join(level)
    return (LEVELS.index(name) if name in LEVELS else len(LEVELS), name)
