"""Publishes the days of one delivery: every day written first, then each partition repointed.

A partition says which delivery it is of (outlay.version), how many days and rows that has, and how many rows the one before
it had: the next run can tell from Glue alone whether a delivery is published as a whole, and whether it shrank. A day that
an earlier delivery had and this one lacks is published empty, and not dropped: what is made from it must be made again.

Each publication has a folder of its own: the objects of an earlier one, which housekeeping may be about to delete, are never
published again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from collectors.bills.days import DaySpools, total
from collectors.bills.deliveries import Delivery
from collectors.bills.sketches import Sketch
from collectors.bills.values import BillPlace
from collectors.bills.versions import Dependencies, version_of
from collectors.scanning.part import SORT_BY
from lake.configuration import Configuration
from lake.errors import BillError
from lake.lake import Lake
from lake.partitions import PUBLISHED_PARAMETER, VERSION_PARAMETER, Partition
from lake.relations import Table
from lake.writer import ParquetObject

EVENT_TYPE = "cost"
DAYS, ROWS, ROWS_BEFORE = "outlay.days", "outlay.rows", "outlay.rows_before"
DEPENDENCIES, REPEATED = "outlay.settings", "outlay.repeated"
SKETCH, SUPERSEDED_BY, WITHDRAWN_IN = "outlay.sketch", "outlay.superseded_by", "outlay.withdrawn_in"
WITHDRAWN_VERSION = "withdrawn"


class Published:
    """What is published of each delivery: as Glue had it when the run began, and as the run has changed it since."""

    def __init__(self, partitions: Mapping[str, tuple[Partition, ...]]) -> None:
        self._partitions = dict(partitions)

    @classmethod
    def read(cls, lake: Lake, table: Table) -> Published:
        """Every cost partition."""
        found: dict[str, list[Partition]] = {}
        for partition in lake.partitions(table).all(f"event_type = '{EVENT_TYPE}'"):
            if _is_ours(partition):
                found.setdefault(partition.values[1], []).append(partition)
        return cls({collector: tuple(partitions) for collector, partitions in found.items()})

    def note(self, collector: str, partitions: tuple[Partition, ...]) -> None:
        """These partitions are all that the collector has now."""
        self._partitions[collector] = partitions

    def version(self, delivery: Delivery, configuration: Configuration) -> str:
        """The version that the delivery has if it depends on the settings that its published rows carry."""
        return version_of(delivery, configuration, Dependencies.from_text(self.parameter(delivery.collector, DEPENDENCIES)))

    def rows(self, collector: str, version: str) -> int | None:
        """Rows of the delivery where this version of it is published as a whole; else None."""
        partitions = self._partitions.get(collector, ())
        if not partitions or any(partition.version != version for partition in partitions):
            return None
        parameters = partitions[0].parameters
        return int(parameters[ROWS]) if parameters.get(DAYS) == str(len(partitions)) else None

    def rows_before(self, collector: str, version: str) -> int | None:
        """Rows of the delivery that this version replaces or has replaced; None where it is the first."""
        before = None
        for partition in self._partitions.get(collector, ()):
            if partition.version != version:
                return int(partition.parameters[ROWS])
            before = partition.parameters.get(ROWS_BEFORE)
        return int(before) if before else None

    def days(self, collector: str) -> set[date]:
        """Days on which the delivery has a partition, of whatever version."""
        return {date.fromisoformat(partition.values[2]) for partition in self._partitions.get(collector, ())}

    def charged(self, bill: str) -> list[str]:
        """Collectors of a bill that have rows, in order."""
        return sorted(
            collector
            for collector, partitions in self._partitions.items()
            if collector.startswith(f"{bill}.") and any(partition.parameters.get(ROWS) != "0" for partition in partitions)
        )

    def sketches(self, collector: str) -> dict[date, Sketch]:
        """The sketches of a file's published charges, by day."""
        return {
            date.fromisoformat(partition.values[2]): Sketch.from_text(text)
            for partition in self._partitions.get(collector, ())
            if (text := partition.parameters.get(SKETCH))
        }

    def withdrawn_in(self, bill: str, slot: str) -> list[str]:
        """Collectors of a bill that were withdrawn in the run of that slot."""
        return sorted(
            collector
            for collector in self._partitions
            if collector.startswith(f"{bill}.") and self.parameter(collector, WITHDRAWN_IN) == slot
        )

    def current_version(self, collector: str) -> str | None:
        """The version of the delivery's first partition; None where nothing is published."""
        partitions = self._partitions.get(collector, ())
        return partitions[0].version if partitions else None

    def parameter(self, collector: str, name: str) -> str | None:
        """A parameter of the delivery's partitions, from the first that has it."""
        found = (partition.parameters.get(name) for partition in self._partitions.get(collector, ()))
        return next(filter(None, found), None)


@dataclass(frozen=True)
class Publication:
    """What is to be published of a delivery. parameters go to every partition, firsts to the first day's alone.

    A delivery without rows of which nothing is published yet has a partition on `empty_day`, so that it is not read again.
    """

    collector: str
    place: BillPlace
    version: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    firsts: Mapping[str, str] = field(default_factory=dict)
    sketches: Mapping[date, Sketch] = field(default_factory=dict)
    empty_day: date | None = None


def publish(lake: Lake, wanted: Publication, spools: DaySpools, published: Published) -> None:
    """Write and publish the spooled days, and empty ones for what only an earlier delivery had.

    Raises BillError, with nothing published, where the objects do not hold exactly what was spooled.
    """
    days = {*spools.rows, *published.days(wanted.collector)} or {wanted.empty_day} - {None}
    name = uuid.uuid4().hex
    write_days(lake, wanted.collector, wanted.place, name, 0, sorted(filter(None, days)), spools)
    point(lake, wanted, name, sorted(filter(None, days)), spools.rows.total(), published)


def write_days(
    lake: Lake, collector: str, place: BillPlace, name: str, part: int, days: Iterable[date], spools: DaySpools
) -> None:
    """Write one object a day into the folders of the publication of that name. Raises BillError where one lacks a row."""
    table = lake.catalog.table("outlay.resource_events")
    for day in days:
        written = Decimal(0)
        key = f"{_folder(table, collector, day, name)}{part:04d}.parquet"
        with ParquetObject(lake.s3, lake.bucket, key, table, SORT_BY) as target:
            for rows in spools.read(day):
                target.write(rows)
                written += total(rows.column("value"))
        if target.rows != spools.rows[day] or written != spools.value[day]:
            raise BillError(
                f"bill {place.bill}, file {place.file}, day {day}: {target.rows} rows of {written} USD were written of "
                f"{spools.rows[day]} rows of {spools.value[day]} USD; nothing was published: run it again"
            )
        spools.remove(day)


def point(lake: Lake, wanted: Publication, name: str, days: Sequence[date], rows: int, published: Published) -> None:
    """Point the partitions of all days at the folders of the publication of that name, which are written."""
    table, collector = lake.catalog.table("outlay.resource_events"), wanted.collector
    parameters = {
        VERSION_PARAMETER: wanted.version,
        PUBLISHED_PARAMETER: datetime.now(UTC).isoformat(timespec="seconds"),
        DAYS: str(len(days)),
        ROWS: str(rows),
        **wanted.parameters,
    }
    if (before := published.rows_before(collector, wanted.version)) is not None:
        parameters[ROWS_BEFORE] = str(before)
    partitions = []
    for number, day in enumerate(days):
        sketch = wanted.sketches.get(day)
        own = {SKETCH: sketch.to_text()} if sketch else {}
        partitions.append(
            Partition(
                (EVENT_TYPE, collector, day.isoformat()),
                lake.location(_folder(table, collector, day, name)),
                {**parameters, **own, **(wanted.firsts if number == 0 else {})},
            )
        )
    lake.partitions(table).publish(*partitions)
    published.note(collector, tuple(partitions))


def publish_empty(lake: Lake, wanted: Publication, published: Published) -> None:
    """Publish every day of the delivery empty. The days stay, so that what was made from them is made again."""
    with TemporaryDirectory(prefix="outlay-bill-") as folder:
        publish(lake, wanted, DaySpools(Path(folder)), published)


def _folder(table: Table, collector: str, day: date, name: str) -> str:
    return f"{table.folder(EVENT_TYPE, collector, day.isoformat())}publication={name}/"


def _is_ours(partition: Partition) -> bool:
    """Whether a partition is one that this module publishes: others, whatever they are called, are left alone."""
    try:
        date.fromisoformat(partition.values[2])
    except ValueError:
        return False
    return partition.version is not None and partition.parameters.get(ROWS, "").isdigit()
