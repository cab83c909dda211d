"""Gathers a Report from the lake's tables and views, through any callable that runs Athena SQL and gives typed rows.

Every figure comes from the relations that people query themselves; nothing is computed here but sums that tie levels out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from infra.settings import files as settings
from lake.errors import OutlayError
from local.report import shape
from local.report.charges import QueryCost
from local.report.evidence import Evidence, Row, read_evidence
from local.report.model import Inventory, Level, Node, Report, SlackMessage
from local.report.queries import NAMES, statement
from notifiers.nodes import RunQuery

DAYS = 92
PARALLEL = 4
COSTS = ("billed_usd", "amortized_usd", "usage_usd")
LEVELS = tuple(f"{dimension}/{level}" for dimension, levels in settings.LEVELS.items() for level in levels)


def gather(
    read: RunQuery,
    database: str,
    title: str,
    messages: Sequence[SlackMessage] = (),
    charged: Callable[[], Sequence[QueryCost]] = tuple,
) -> Report:
    """The report of the newest 92 days in the lake.

    read runs a query in database, which the queries that people paste name. messages are those that Slack took. charged is
    called last and tells what all queries of the run scanned, these included.
    Raises OutlayError where the lake holds no cost.
    """
    bounds = read(statement("bounds", {}))[0]
    if bounds["last_day"] is None:
        raise OutlayError("the lake holds no cost yet: deliver a bill and run the functions bills and rollup")
    first = max(bounds["first_day"], bounds["last_day"] - timedelta(days=DAYS - 1))
    days = tuple(first + timedelta(days=n) for n in range((bounds["last_day"] - first).days + 1))
    rows, evidence = _run_all(read, database, days)
    return Report(
        title=title,
        generated_at=datetime.now(UTC).replace(microsecond=0),
        days=days,
        levels=_levels(rows["nodes"], rows["series"], days),
        last_complete_day=days[-2] if len(days) > 1 else None,
        account_names={row["aws_account_id"]: row["account_name"] for row in rows["account_names"]},
        anomalies=shape.anomalies(rows["anomalies"], rows["band"], evidence),
        violations=tuple(shape.violation(row, evidence[row["finding_id"]]) for row in rows["violations"]),
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


def _run_all(read: RunQuery, database: str, days: tuple[date, ...]) -> tuple[dict[str, Sequence[Row]], dict[str, Evidence]]:
    """Every query's rows by its name, and the findings' evidence by finding_id. A few run at a time, as in Athena."""
    bounds = {"first_day": days[0], "last_day": days[-1]}
    with ThreadPoolExecutor(PARALLEL) as pool:
        asked = {name: pool.submit(read, statement(name, bounds)) for name in NAMES}
        evidence = read_evidence(read, asked["violations"].result(), asked["anomalies"].result(), database)
        return {name: answer.result() for name, answer in asked.items()}, evidence


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
