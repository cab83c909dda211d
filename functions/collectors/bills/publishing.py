"""Publishes the days of one delivery: every day written first, then each partition repointed.

A partition says which delivery it is of (outlay.version), how many days and rows that has, and how many rows the one before
it had: the next run can tell from Glue alone whether a delivery is published as a whole, and whether it shrank. A day that
an earlier delivery had and this one lacks is published empty, and not dropped: what is made from it must be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from collectors.bills.days import DaySpools, total
from collectors.bills.values import BillPlace
from collectors.scanning.part import SORT_BY
from lake.catalog import Table
from lake.errors import BillError
from lake.lake import Lake
from lake.partitions import VERSION_PARAMETER, Partition
from lake.writer import ParquetObject

EVENT_TYPE = "cost"
DAYS, ROWS, ROWS_BEFORE = "outlay.days", "outlay.rows", "outlay.rows_before"


@dataclass(frozen=True)
class Published:
    """What is published of each delivery, as Glue had it when the run began: partitions by collector."""

    partitions: Mapping[str, tuple[Partition, ...]]

    @classmethod
    def read(cls, lake: Lake, table: Table) -> Published:
        """Every cost partition."""
        found: dict[str, list[Partition]] = {}
        for partition in lake.partitions(table).all(f"event_type = '{EVENT_TYPE}'"):
            found.setdefault(partition.values[1], []).append(partition)
        return cls({collector: tuple(partitions) for collector, partitions in found.items()})

    def rows(self, collector: str, version: str) -> int | None:
        """Rows of the delivery where this version of it is published as a whole; else None."""
        partitions = self.partitions.get(collector, ())
        if not partitions or any(partition.version != version for partition in partitions):
            return None
        parameters = partitions[0].parameters
        return int(parameters[ROWS]) if parameters.get(DAYS) == str(len(partitions)) else None

    def rows_before(self, collector: str, version: str) -> int | None:
        """Rows of the delivery that this version replaces or has replaced; None where it is the first."""
        before = None
        for partition in self.partitions.get(collector, ()):
            if partition.version != version:
                return int(partition.parameters[ROWS])
            before = partition.parameters.get(ROWS_BEFORE)
        return int(before) if before else None

    def days(self, collector: str) -> set[date]:
        """Days on which the delivery has a partition, of whatever version."""
        return {date.fromisoformat(partition.values[2]) for partition in self.partitions.get(collector, ())}

    def charged(self, bill: str) -> list[str]:
        """Collectors of a bill that have rows, in order."""
        return sorted(
            collector
            for collector, partitions in self.partitions.items()
            if collector.startswith(f"{bill}.") and any(partition.parameters.get(ROWS) != "0" for partition in partitions)
        )


def publish(lake: Lake, collector: str, place: BillPlace, version: str, spools: DaySpools, published: Published) -> None:
    """Write and publish the spooled days, and empty ones for what only an earlier delivery had.

    Raises BillError, with nothing published, where the objects do not hold exactly what was spooled.
    """
    table = lake.catalog.table("resource_events")
    days = sorted({*spools.rows, *published.days(collector)})
    parameters = {VERSION_PARAMETER: version, DAYS: str(len(days)), ROWS: str(spools.rows.total())}
    if (before := published.rows_before(collector, version)) is not None:
        parameters[ROWS_BEFORE] = str(before)
    partitions = [_written(lake, table, collector, place, day, parameters, spools) for day in days]
    lake.partitions(table).publish(*partitions)


def _written(
    lake: Lake,
    table: Table,
    collector: str,
    place: BillPlace,
    day: date,
    parameters: Mapping[str, str],
    spools: DaySpools,
) -> Partition:
    values = (EVENT_TYPE, collector, day.isoformat())
    folder = f"{table.folder(*values)}version={parameters[VERSION_PARAMETER]}/"
    written = Decimal(0)
    with ParquetObject(lake.s3, lake.bucket, f"{folder}0000.parquet", table, SORT_BY) as target:
        for rows in spools.read(day):
            target.write(rows)
            written += total(rows.column("value"))
    if target.rows != spools.rows[day] or written != spools.value[day]:
        raise BillError(
            f"bill {place.bill}, file {place.file}, day {day}: {target.rows} rows of {written} USD were written "
            f"of {spools.rows[day]} rows of {spools.value[day]} USD; nothing was published: run it again"
        )
    spools.remove(day)
    return Partition(values, lake.location(folder), parameters)
