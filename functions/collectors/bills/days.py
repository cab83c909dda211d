"""The rows of a delivery, sorted into days on local disk, and from there into one object a day.

Nothing is uploaded before everything was read and checked, and memory holds one batch and one row group, however many rows
and days there are.
"""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_EPOCH = date(1970, 1, 1)


class DaySpools:
    """A file for each day under folder. rows and value are what each day holds so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows: Counter[date] = Counter()
        self.value: defaultdict[date, Decimal] = defaultdict(Decimal)

    def append(self, rows: pa.Table) -> None:
        """Add rows of resource_events, each to the day of its event_time."""
        if not rows.num_rows:
            return
        days = rows.column("event_time").cast(pa.date32()).cast(pa.int32()).combine_chunks().to_numpy()
        order = np.argsort(days, kind="stable")
        ordered = rows.take(pa.array(order)).combine_chunks()
        found, first = np.unique(days[order], return_index=True)
        for number, start, end in zip(found.tolist(), first, [*first[1:], len(days)], strict=True):
            self._append(_EPOCH + timedelta(days=number), ordered.slice(start, end - start))

    def read(self, day: date) -> Iterator[pa.Table]:
        """The rows of a day, in the order in which they came; none for a day without."""
        if day not in self.rows:
            return
        with gzip.open(self._path(day)) as file:
            while file.peek(1):
                with pa.ipc.open_stream(file) as stream:
                    yield stream.read_all()

    def remove(self, day: date) -> None:
        """Free the day's disk."""
        self._path(day).unlink(missing_ok=True)

    def _append(self, day: date, rows: pa.Table) -> None:
        # A stream of its own each time: a year of days would need as many open files. Python compresses, to a seventh: the
        # layer's pyarrow has no codec for streams, and a bill of 15 million line items would fill the disk.
        with gzip.open(self._path(day), "ab", compresslevel=1) as file, pa.ipc.new_stream(file, rows.schema) as stream:
            stream.write_table(rows)
        self.rows[day] += rows.num_rows
        self.value[day] += total(rows.column("value"))

    def _path(self, day: date) -> Path:
        return self._folder / day.isoformat()


def total(money: pa.ChunkedArray | pa.Array) -> Decimal:
    """Exact sum; 0 of nothing."""
    return pc.sum(money).as_py() or Decimal(0)
