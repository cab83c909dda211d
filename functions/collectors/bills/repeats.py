"""Charges of one delivery that share an identity, though it is meant to be unique.

AWS promises a line item's id to be unique within a partition of a report only, and says no more of it: charges that differ
are charges of their own. Those that are equal in all that is kept of them are a file that was delivered twice.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.days import DaySpools
from collectors.bills.values import BillPlace
from lake.errors import BillError

FIRST_LOOK = 10_000
"""Repeats after which they are looked at for the first time: a doubled file is refused with its first batch."""


@dataclass(frozen=True)
class Repeat:
    """A charge whose identity has come before; first_id is the event id of the one that came first."""

    first_id: str
    identity: str
    place: BillPlace
    row: int

    @property
    def error(self) -> BillError:
        """The error of a charge that is there twice."""
        problem = f"charge {self.identity} comes twice, equal in all that is kept of it"
        return self.place.error(None, problem, "have the bill delivered again", self.row)


class Repeats:
    """The repeated charges of one delivery, by day and event id. They are few, unless a file is doubled."""

    def __init__(self) -> None:
        self._by_day: defaultdict[date, dict[str, Repeat]] = defaultdict(dict)
        self._count, self._next_look = 0, FIRST_LOOK

    def note(self, day: date, event_id: str, repeat: Repeat) -> None:
        """A charge of the day has come again, and got this id."""
        self._by_day[day][event_id] = repeat
        self._count += 1

    def refuse_equal(self, spools: DaySpools, is_complete: bool) -> None:
        """Raise BillError where a repeated charge equals an earlier one. Unless complete, looks ever more rarely."""
        if not is_complete and self._count < self._next_look:
            return
        self._next_look = 2 * self._count
        for day, repeats in self._by_day.items():
            _refuse_equal(day, repeats, spools)


def _refuse_equal(day: date, repeats: dict[str, Repeat], spools: DaySpools) -> None:
    ids = pa.array([*repeats, *(repeat.first_id for repeat in repeats.values())], pa.string())
    seen: set[bytes] = set()
    for rows in spools.read(day):
        for row in rows.filter(pc.is_in(rows.column("event_id"), ids)).to_pylist():
            repeat = repeats.get(row["event_id"])
            kept = row | {"event_id": repeat.first_id if repeat else row["event_id"]}
            digest = hashlib.sha256(repr(kept).encode()).digest()
            if repeat and digest in seen:
                raise repeat.error
            seen.add(digest)
