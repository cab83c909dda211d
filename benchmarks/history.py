"""What an hourly run costs when a day's bill arrives: with 365 days of history against 30, in queries, bytes and CPU.

Both lakes stand in the embedded cloud side by side, real SQL on the real engine, through the rollup runner. CPU is the
function's own: listing the days that exist is all that grows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3

from benchmarks.measuring import verdict
from embedded.cloud.embedded import EmbeddedCloud
from lake.athena import Athena
from lake.partitions import VERSION_PARAMETER, Partition
from lake.writer import write_rows
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake, cost_event
from tests.support.processes import cpu_s

HISTORIES = (30, 365)
FIRST_NEW = date(2026, 11, 1)
NEW_DAYS = 3
RESOURCES = 40
TABLE = CATALOG.table("outlay.resource_events")


@dataclass
class Cost:
    """What one run took."""

    queries: int
    scanned_bytes: int
    cpu_s: float


def main() -> None:
    """Print the largest of the three ratios."""
    with embedded_lakes() as lakes:
        for days, lake in lakes.items():
            deliver(lake, [FIRST_NEW - timedelta(days=n) for n in range(days, 0, -1)])
            run(lake, FIRST_NEW)
        taken: dict[int, list[Cost]] = {days: [] for days in HISTORIES}
        for number in range(NEW_DAYS):
            day = FIRST_NEW + timedelta(days=number)
            for days, lake in lakes.items():
                deliver(lake, [day])
                taken[days].append(run(lake, day))
    ratios = {}
    for name in ("queries", "scanned_bytes", "cpu_s"):
        # The first new day warms both sides up.
        small, large = (median(getattr(cost, name) for cost in taken[days][1:]) for days in HISTORIES)
        ratios[name] = large / small
        print(f"{name}: {large:,.6g} with 365 days, {small:,.6g} with 30: {ratios[name]:.3f}")
    verdict("a new day with 365 days of history against 30", max(ratios.values()), 1.05, at_most=True)


@contextmanager
def embedded_lakes() -> Iterator[dict[int, TrinoLake]]:
    """An empty lake for each history, in one embedded cloud."""
    with (
        TemporaryDirectory(prefix="outlay-benchmark-") as home,
        EmbeddedCloud(Path(home), slack=False) as cloud,
        patch.dict(os.environ, {**cloud.environment(), "POWERTOOLS_LOG_LEVEL": "ERROR"}),
    ):
        boto3.setup_default_session()
        _make_workgroup()
        yield {days: TrinoLake(CATALOG, "outlay") for days in HISTORIES}


def run(lake: TrinoLake, day: date) -> Cost:
    """One whole run of the rollups, on the noon of a day."""
    with _counted() as asked:
        started = cpu_s()
        report = lake.run(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        used = cpu_s() - started
    if report.failed or not report.is_complete:
        raise SystemExit(f"the run did not end well: {report.failed}")
    return Cost(asked["queries"], asked["bytes"], used)


def deliver(lake: TrinoLake, days: list[date]) -> None:
    """Publish each day of a bill, as the bills do: RESOURCES charges of the same length."""
    partitions = []
    for day in days:
        folder = f"{TABLE.prefix}event_type=cost/collector=cur/event_date={day}/version=1/"
        events = [_charge(day, number) for number in range(RESOURCES)]
        rows = [{name: event.get(name) for name in TABLE.arrow_schema.names} for event in events]
        write_rows(lake.s3, lake.environment.bucket, f"{folder}0000.parquet", TABLE, rows)
        location = f"s3://{lake.environment.bucket}/{folder}"
        partitions.append(Partition(("cost", "cur", day.isoformat()), location, {VERSION_PARAMETER: "1"}))
    lake.partitions("resource_events").publish(*partitions)


def _charge(day: date, number: int) -> dict[str, Any]:
    cents = (number * 7919 + day.toordinal() * 31) % 900 + 100
    return cost_event(
        day.isoformat(),
        str(Decimal(cents) / 100),
        event_id=f"{day}-{number:04d}",
        resource_arn=f"arn:aws:ec2:us-east-1:111111111111:instance/i-{number:04d}",
        customer=f"customer-{number % 5}",
    )


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Counts the queries that Athena is asked, and the bytes that they read."""
    asked: Counter[str] = Counter()

    def counting(method: Any) -> Any:
        def ask(*arguments: Any) -> Any:
            done = method(*arguments)
            asked.update(queries=1, bytes=done.scanned_bytes)
            return done

        return ask

    with (
        patch.object(Athena, "execute", counting(Athena.execute)),
        patch.object(Athena, "unload", counting(Athena.unload)),
    ):
        yield asked


def _make_workgroup() -> None:
    boto3.client("s3").create_bucket(Bucket="athena-results")
    results = {"ResultConfiguration": {"OutputLocation": "s3://athena-results/"}, "EnforceWorkGroupConfiguration": True}
    boto3.client("athena").create_work_group(Name="outlay", Configuration=results)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
