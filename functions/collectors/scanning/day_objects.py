"""The objects of one part of a run: one for each day on which its events may lie."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from types import TracebackType
from typing import Self

import pyarrow as pa

from lake.lake import Lake
from lake.partitions import Partition
from lake.relations import Table
from lake.writer import ParquetObject


class DayObjects:
    """Takes rows in any order of days, and writes each to the object `name` of its day's partition.

    A day without rows gets its object too: an earlier attempt of the same run may have had some, and is overwritten so. An
    exception inside the `with` block writes nothing. folder is the values of the partition columns before the day.
    """

    def __init__(
        self, lake: Lake, table: Table, folder: Sequence[str], days: Sequence[date], name: str, sort_by: Sequence[str]
    ) -> None:
        self._lake, self._table = lake, table
        self._values = {day: (*folder, day.isoformat()) for day in days}
        self._objects = {
            day: ParquetObject(lake.s3, lake.bucket, f"{table.folder(*values)}{name}.parquet", table, sort_by)
            for day, values in self._values.items()
        }
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open each day's object."""
        for opened in self._objects.values():
            self._stack.enter_context(opened)
        return self

    def write(self, rows: pa.Table) -> None:
        """Add rows, each of one of the days."""
        if len(self._objects) == 1:
            (only,) = self._objects.values()
            only.write(rows)
            return
        import pyarrow.compute as pc  # a quarter of a cold start's imports, and few collectors have several days

        days = rows.column("event_time").cast(pa.date32())
        for day, opened in self._objects.items():
            opened.write(rows.filter(pc.equal(days, pa.scalar(day))))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Upload the objects, unless an exception ends the block."""
        self._stack.__exit__(kind, error, at)

    def register(self) -> None:
        """Make sure that each day has its partition, in one call."""
        self._lake.partitions(self._table).register(
            *(Partition(values, self._lake.location(self._table.folder(*values))) for values in self._values.values())
        )
