"""Outcomes of one day stand in one partition, whichever collector they are of, and none replaces another's."""

from collections.abc import Callable
from datetime import UTC, datetime

from lake.configuration import Account
from lake.lake import Lake
from lake.outcomes import OK, Outcome, record_outcomes
from tests.unit.collectors.conftest import objects, rows

SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_two_collectors_of_one_slot_share_the_days_partition_and_a_retry_replaces_its_own(
    make_lake: Callable[..., Lake],
) -> None:
    lake = make_lake(Account("111111111111", "prod"))
    for collector, part in (("ebs_volumes", 0), ("elastic_ips", 0), ("ebs_volumes", 1), ("ebs_volumes", 0)):
        record_outcomes(lake, collector, SLOT, part, [Outcome("111111111111", "us-east-1", OK)])
    assert sorted(objects(lake, "collector_runs")) == [
        "run_date=2026-11-20/ebs_volumes-20261120T090000Z-0000.parquet",
        "run_date=2026-11-20/ebs_volumes-20261120T090000Z-0001.parquet",
        "run_date=2026-11-20/elastic_ips-20261120T090000Z-0000.parquet",
    ]
    assert sorted((row["collector"], row["part"]) for row in rows(lake, "collector_runs")) == [
        ("ebs_volumes", 0),
        ("ebs_volumes", 1),
        ("elastic_ips", 0),
    ]
    partitions = lake.partitions(lake.catalog.table("outlay.collector_runs")).all()
    assert [partition.values for partition in partitions] == [("2026-11-20",)]
