"""Years pass over a lake: objects expire as the bucket's rules say, and nothing that is kept longer is emptied by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lake.catalog import Catalog
from lake.partitions import VERSION_PARAMETER, Partition
from rollups.housekeeping import Housekeeping
from rollups.run import RunReport
from tests.support.lake_on_trino import NOON, TrinoLake, config_event, cost_event

pytestmark = pytest.mark.exhaustive

DAY = "2026-11-18"
YEAR = timedelta(days=400)


def deliver(lake: TrinoLake, bill: str, version: str, cost: str) -> None:
    """Publish a day of a bill, as the bills do."""
    events = lake.catalog.table("outlay.resource_events")
    folder = f"{events.folder('cost', bill, DAY)}version={version}/"
    lake.write("resource_events", [cost_event(DAY, cost)], "cost", bill, DAY, name=f"version={version}/0000")
    location = f"s3://{lake.environment.bucket}/{folder}"
    lake.partitions("resource_events").publish(Partition(("cost", bill, DAY), location, {VERSION_PARAMETER: version}))


def at(lake: TrinoLake, since: timedelta, catalog: Catalog | None = None) -> RunReport:
    """The hourly run that much later: what has expired is gone before it, and house is kept after it."""
    lake.catalog = catalog or lake.catalog
    expire(lake, since)
    report = lake.run(NOON + since)
    assert report.failed == {}
    Housekeeping(lake.lake).run(NOON + since)
    return report


def expire(lake: TrinoLake, since: timedelta) -> None:
    """What the bucket's lifecycle rules do: builds by their slot, what else a test writes as written at noon."""
    for table in lake.catalog.tables:
        rollup = lake.catalog.rollup(table.full_name)
        prefix = lake.catalog.builds_table(rollup).prefix if rollup else table.prefix
        for key in list(keys(lake, prefix)):
            first = key.removeprefix(prefix).split("/")[0].partition("=")
            built = datetime.strptime(first[2][:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if first[0] == "build" else NOON
            days = table.retention_of(first[2])
            if days and built + timedelta(days=days) < NOON + since:
                lake.s3.delete_object(Bucket=lake.environment.bucket, Key=key)


def keys(lake: TrinoLake, prefix: str) -> Iterable[str]:
    found = lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


def total(lake: TrinoLake, table: str = "cost_rollup_daily", where: str = "level = 'total'") -> Decimal | None:
    (row,) = lake.rows(f"select sum(cost_usd) as usd from {table} where {where}")
    usd: Decimal | None = row["usd"]
    return usd


def test_a_day_keeps_its_costs_when_the_hours_that_it_was_made_from_expire(lake: TrinoLake) -> None:
    deliver(lake, "cur", "1", "100")
    at(lake, timedelta())
    assert at(lake, YEAR).built == []
    assert (total(lake), total(lake, "cost_hourly", "true")) == (Decimal(100), None)
    assert at(lake, YEAR).built == [], "that the hours are gone is no reason to make them again, either"


def test_one_of_two_bills_is_restated_after_a_year_and_the_other_still_counts(lake: TrinoLake) -> None:
    deliver(lake, "cur", "1", "100")
    deliver(lake, "focus", "1", "7")
    at(lake, timedelta())
    at(lake, YEAR)
    deliver(lake, "focus", "2", "8")
    assert {built.rollup for built in at(lake, YEAR).built} >= {"outlay.cost_hourly", "outlay.cost_rollup_daily"}
    assert total(lake) == total(lake, "cost_hourly", "true") == Decimal(108)


def test_a_bill_of_long_ago_can_be_read_again_while_its_hours_are_there(lake: TrinoLake) -> None:
    at(lake, YEAR)
    deliver(lake, "cur", "1", "100")
    at(lake, YEAR)
    deliver(lake, "focus", "1", "7")
    at(lake, YEAR + timedelta(days=30))
    assert total(lake) == Decimal(107), "the day is old, its hours are not"


def test_a_changed_rollup_rebuilds_no_day_whose_sources_have_expired(lake: TrinoLake) -> None:
    deliver(lake, "cur", "1", "100")
    lake.write("resource_events", [config_event(NOON)], "config", "ebs_volumes", DAY)
    at(lake, timedelta())
    at(lake, YEAR)
    changed = tuple(
        dataclasses.replace(rollup, sql=f"/* changed */ {rollup.sql}")
        for rollup in lake.catalog.rollups
        if rollup.name in ("cost_hourly", "cost_daily", "resource_snapshots_daily")
    )
    only_daily = tuple(rollup for rollup in changed if rollup.name != "cost_hourly")
    assert at(lake, YEAR, dataclasses.replace(lake.catalog, rollups=only_daily)).built == []
    assert total(lake) == Decimal(100)
    assert [row["state"] for row in lake.rows("select state from resource_snapshots_daily")] == ["in-use"]
    hours_first = at(lake, YEAR, dataclasses.replace(lake.catalog, rollups=changed))
    assert [built.rollup for built in hours_first.built] == ["outlay.cost_hourly", "outlay.cost_daily"], (
        "bills are there for ever"
    )
    assert total(lake) == Decimal(100)


def test_a_bill_that_was_replaced_goes_and_the_one_that_counts_stays(lake: TrinoLake) -> None:
    deliver(lake, "cur", "1", "100")
    deliver(lake, "cur", "2", "101")
    soon = datetime.now(UTC) - NOON  # the age of an object is real, and cannot be set
    at(lake, soon)
    bills = lake.catalog.table("outlay.resource_events").folder("cost")
    assert len(list(keys(lake, bills))) == 2, "a reader may hold the first"
    at(lake, soon + timedelta(days=2))
    assert [key.rpartition("version=")[2] for key in keys(lake, bills)] == ["2/0000.parquet"]
    at(lake, soon + YEAR)
    assert total(lake) == Decimal(101)
