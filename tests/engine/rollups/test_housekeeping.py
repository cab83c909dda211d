"""Housekeeping removes what nobody can read any more, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from lake.partitions import Partition, Partitions
from rollups.build_ids import new_build
from rollups.housekeeping import Housekeeping
from tests.support.lake_on_trino import NOON, TrinoLake, config_event, cost_event

DAY = "2026-11-18"
HOUR = timedelta(hours=1)


def keep_house(lake: TrinoLake, at: timedelta) -> tuple[int, int]:
    removed = Housekeeping(lake.lake).run(NOON + at)
    return removed.builds, removed.partitions


def objects(lake: TrinoLake, table: str) -> int:
    rollup = lake.catalog.rollup(f"outlay.{table}")
    assert rollup is not None
    prefix = lake.catalog.builds_table(rollup).prefix
    return lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=prefix)["KeyCount"]


def test_a_superseded_build_goes_once_no_reader_can_hold_it(lake: TrinoLake) -> None:
    lake.write("resource_events", [cost_event(DAY, "1")], "cost", "cur", DAY, name="a")
    lake.run(NOON)
    lake.write("resource_events", [cost_event(DAY, "2")], "cost", "cur", DAY, name="b")
    lake.run(NOON + HOUR)
    assert objects(lake, "cost_hourly") == 2
    assert keep_house(lake, 24 * HOUR) == (0, 0), "a reader may have begun just before the second build"
    builds, _ = keep_house(lake, 26 * HOUR)
    assert builds == 5, "the first build of each of the five rollups that come from the bill"
    assert objects(lake, "cost_hourly") == 1
    assert [row["cost_usd"] for row in lake.rows("select cost_usd from cost_hourly")] == [Decimal(3)]


def test_a_build_that_stood_for_long_is_held_for_its_readers_when_it_is_replaced(lake: TrinoLake) -> None:
    lake.write("resource_events", [cost_event(DAY, "1")], "cost", "cur", DAY, name="a")
    lake.run(NOON)
    lake.write("resource_events", [cost_event(DAY, "2")], "cost", "cur", DAY, name="b")
    late = 8 * 24 * HOUR
    lake.run(NOON + late)
    assert keep_house(lake, late) == (0, 0)
    assert objects(lake, "cost_hourly") == 2, "whoever began to read before the restatement reads on"
    lake.write("resource_events", [cost_event(DAY, "4")], "cost", "cur", DAY, name="c")
    lake.run(NOON + late + HOUR)
    assert keep_house(lake, late + 24 * HOUR)[0] == 5, "a day later the first goes, though the second was replaced since"
    assert objects(lake, "cost_hourly") == 2


def test_a_build_that_was_never_published_can_be_looked_at_for_a_week(lake: TrinoLake) -> None:
    rollup = lake.catalog.rollup("outlay.cost_hourly")
    assert rollup is not None
    table, values = lake.catalog.builds_table(rollup), (new_build(NOON), DAY)
    builds = Partitions(lake.lake.glue, lake.environment.database("outlay_builds"), table)
    builds.register(Partition(values, lake.lake.location(table.folder(*values))))
    lake.write("resource_events", [cost_event(DAY, "1")], "cost", "cur", DAY)
    lake.run(NOON + HOUR)
    assert keep_house(lake, 6 * 24 * HOUR) == (0, 0)
    assert keep_house(lake, 7 * 24 * HOUR) == (1, 0)
    assert len(list(builds.all())) == 1


def test_partitions_past_their_retention_go_with_their_data_and_not_before(lake: TrinoLake) -> None:
    lake.write("resource_events", [config_event(NOON)], "config", "ebs_volumes", DAY)
    lake.write("resource_events", [cost_event(DAY)], "cost", "cur", DAY)
    lake.write("collector_runs", [], DAY)
    assert keep_house(lake, timedelta(days=100)) == (0, 0), "the objects are still there"
    for found in lake.s3.list_objects_v2(Bucket=lake.environment.bucket)["Contents"]:
        lake.s3.delete_object(Bucket=lake.environment.bucket, Key=found["Key"])
    assert keep_house(lake, timedelta(days=80)) == (0, 0)
    assert keep_house(lake, timedelta(days=100)) == (0, 1)
    left = [partition.values for name in ("resource_events", "collector_runs") for partition in lake.partitions(name).all()]
    assert left == [("cost", "cur", DAY), (DAY,)], "bills are kept for ever, outcomes for a year"


def test_scans_that_expire_do_not_rewrite_the_snapshots_made_of_them(lake: TrinoLake) -> None:
    lake.write("resource_events", [config_event(NOON)], "config", "ebs_volumes", "2026-11-20")
    lake.run(NOON)
    for found in lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix="tables/outlay/resource_events/")[
        "Contents"
    ]:
        lake.s3.delete_object(Bucket=lake.environment.bucket, Key=found["Key"])
    assert lake.run(NOON + timedelta(days=90)).built == []
    assert [row["state"] for row in lake.rows("select state from resource_snapshots_daily")] == ["in-use"]
