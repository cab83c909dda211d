"""Housekeeping removes what nobody can read any more, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from rollups.housekeeping import Housekeeping
from tests.lake_on_trino import NOON, TrinoLake, cost_event

DAY = "2026-11-18"
HOUR = timedelta(hours=1)


def keep_house(lake: TrinoLake, at: timedelta) -> tuple[int, int]:
    removed = Housekeeping(lake.s3, lake.glue, lake.environment, lake.catalog).run(NOON + at)
    return removed.builds, removed.partitions


def objects(lake: TrinoLake, table: str) -> int:
    prefix = lake.catalog.table(table).prefix
    return lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=prefix)["KeyCount"]


def test_a_superseded_build_goes_once_no_reader_can_hold_it(lake: TrinoLake) -> None:
    lake.write("resource_events", [cost_event(DAY, "1")], "cost", "cur", DAY, name="a")
    lake.run(NOON)
    lake.write("resource_events", [cost_event(DAY, "2")], "cost", "cur", DAY, name="b")
    lake.run(NOON + HOUR)
    assert objects(lake, "cost_hourly") == 2
    assert keep_house(lake, 24 * HOUR) == (0, 0), "a reader may have begun just before the second build"
    builds, _ = keep_house(lake, 26 * HOUR)
    assert builds == 4, "the first build of each of the four rollups that read the bill"
    assert objects(lake, "cost_hourly") == 1
    assert [row["cost_usd"] for row in lake.rows("select cost_usd from cost_hourly")] == [Decimal(3)]


def test_partitions_past_their_retention_are_dropped_and_others_kept(lake: TrinoLake) -> None:
    lake.write("resource_events", [cost_event(DAY)], "cost", "cur", DAY)
    lake.write("collector_runs", [], "ebs_volumes", DAY)
    lake.write("anomalies", [], DAY)
    assert keep_house(lake, timedelta(days=80)) == (0, 0)
    assert keep_house(lake, timedelta(days=100)) == (0, 1)
    assert [len(list(lake.partitions(name).all())) for name in ("resource_events", "collector_runs", "anomalies")] == [0, 1, 1]
