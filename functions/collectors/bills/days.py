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
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_EPOCH = date(1970, 1, 1)

PLAIN_BYTES = 4 << 30
"""Spools are plain up to this size, about 7 million line items; what comes later is compressed, to a seventh, at three times
the CPU. The function has 10 GB of disk, on which the data file that is being read lies, too."""


class DaySpools:
    """Files for each day under folder. rows and value are what each day holds so far."""

    def __init__(self, folder: Path, plain_bytes: int = PLAIN_BYTES) -> None:
        self._folder, self._plain_left = folder, plain_bytes
        self.rows: Counter[date] = Counter()
        self.value: defaultdict[date, Decimal] = defaultdict(Decimal)

    def append(self, rows: pa.Table) -> None:
        """Add rows of resource_events, each to the day of its event_time."""
        if not rows.num_rows:
            return
        days = rows.column("event_time").cast(pa.date32()).cast(pa.int32()).combine_chunks().to_numpy()
        if np.any(days[1:] < days[:-1]):
            order = np.argsort(days, kind="stable")
            rows, days = rows.take(pa.array(order)).combine_chunks(), days[order]
        found, first = np.unique(days, return_index=True)
        for number, start, end in zip(found.tolist(), first, [*first[1:], len(days)], strict=True):
            self._append(_EPOCH + timedelta(days=number), rows.slice(start, end - start))

    def read(self, day: date) -> Iterator[pa.Table]:
        """The rows of a day, in the order in which they came; none for a day without."""
        if self._plain(day).exists():
            with pa.OSFile(str(self._plain(day))) as file:
                while file.tell() < file.size():
                    with pa.ipc.open_stream(file) as stream:
                        yield stream.read_all()
        if self._compressed(day).exists():
            with gzip.open(self._compressed(day)) as file:
                while file.peek(1):
                    with pa.ipc.open_stream(file) as stream:
                        yield stream.read_all()

    def remove(self, day: date) -> None:
        """Free the day's disk."""
        for path in (self._plain(day), self._compressed(day)):
            path.unlink(missing_ok=True)

    def _append(self, day: date, rows: pa.Table) -> None:
        # A stream of its own each time, since a year of days would need as many open files.
        with self._target(day) as file:
            with pa.ipc.new_stream(file, rows.schema) as stream:
                stream.write_table(rows)
            self._plain_left -= rows.nbytes
        self.rows[day] += rows.num_rows
        self.value[day] += total(rows.column("value"))

    def _target(self, day: date) -> IO[bytes]:
        if self._plain_left > 0:
            return self._plain(day).open("ab")
        # Python compresses, as the layer's pyarrow has no codec for streams.
        return cast("IO[bytes]", gzip.open(self._compressed(day), "ab", compresslevel=1))

    def _plain(self, day: date) -> Path:
        return self._folder / day.isoformat()

    def _compressed(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.gz"


def total(money: pa.ChunkedArray | pa.Array) -> Decimal:
    """Exact sum; 0 of nothing."""
    return pc.sum(money).as_py() or Decimal(0)
