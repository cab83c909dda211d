"""Readers and writers at once: a reader sees one whole version of a partition, and two publishers leave one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from lake.partitions import Partition, Partitions
from tests.deployed.outlay import Outlay
from tests.unit.collectors.bills.bill_builder import line

pytestmark = pytest.mark.exhaustive

REPUBLISHED = 50
SUM = "select count(*) as n, sum(value) as usd from resource_events where event_type = 'cost' and event_date = date '2026-11-05'"
Seen = tuple[int, Decimal]


@dataclass
class Versions:
    """Two versions of one partition, both written by the deployed function, and what each of them holds."""

    outlay: Outlay
    old: Partition
    new: Partition
    totals: tuple[Seen, Seen] = ((3, Decimal(6)), (40, Decimal(200)))

    @property
    def partitions(self) -> Partitions:
        lake = self.outlay.lake
        return Partitions(lake.glue, "outlay", lake.catalog.table("outlay.resource_events"))

    def read(self) -> Seen:
        (row,) = self.outlay.rows(SUM)
        return row["n"], row["usd"]


@pytest.fixture
def versions(outlay: Outlay) -> Versions:
    found = []
    for count, usd in ((3, 2.0), (40, 5.0)):
        outlay.deliver([line(5, usd) for _ in range(count)])
        assert outlay.fire("bills").error is None
        partitions = Partitions(outlay.lake.glue, "outlay", outlay.lake.catalog.table("outlay.resource_events"))
        found += list(partitions.all("event_type = 'cost'"))
    assert found[0].values == found[1].values
    assert found[0].location != found[1].location
    return Versions(outlay, *found)


def reading(versions: Versions, ended: threading.Event) -> Iterator[Seen]:
    while not ended.is_set():
        yield versions.read()


def test_a_reader_never_sees_part_of_a_partition_that_is_republished_fifty_times(versions: Versions) -> None:
    ended = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(lambda: list(reading(versions, ended))) for _ in range(2)]
        try:
            for number in range(REPUBLISHED):
                versions.partitions.publish((versions.old, versions.new)[number % 2])
                ended.wait(0.05)
        finally:
            ended.set()
        seen = [total for reader in readers for total in reader.result()]
    assert len(seen) >= 4
    assert set(seen) <= set(versions.totals), "the old total or the new one, never a part, never both"
    assert versions.read() == versions.totals[1]


def test_two_publications_at_once_end_as_one_of_them(versions: Versions) -> None:
    barrier = threading.Barrier(2)

    def publish(partition: Partition) -> None:
        barrier.wait()
        versions.partitions.publish(partition)

    ends: set[Any] = set()
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(publish, (versions.old, versions.new)))
        (partition,) = versions.partitions.all("event_type = 'cost'")
        ends.add(partition.location)
        assert versions.read() in versions.totals
    assert ends <= {versions.old.location, versions.new.location}


def test_two_publications_of_a_day_that_was_not_there_end_as_one_of_them(versions: Versions) -> None:
    versions.partitions.drop(versions.old.values)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(versions.partitions.publish, (versions.old, versions.new)))
    (partition,) = versions.partitions.all("event_type = 'cost'")
    assert partition.location in (versions.old.location, versions.new.location)
    assert versions.read() in versions.totals
