"""Charges of one delivery that share an identity, though it is meant to be unique.

AWS promises a line item's id to be unique within a partition of a report only, and says no more of it: charges that differ
are charges of their own. Those that are equal in all that is kept of them may still differ in what is not, such as the
invoice: a few are counted, with a warning. Many, or a whole data file of them, are a file that was delivered twice.
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
MOST_EQUAL, MOST_EQUAL_SHARE = 100, 0.01
"""Equal charges that are counted with a warning: so many, or this share of the delivery, whichever is more."""


@dataclass(frozen=True)
class Repeat:
    """A charge whose identity has come before; first_id is the event id of the one that came first."""

    first_id: str
    identity: str
    place: BillPlace
    row: int

    def error(self, problem: str) -> BillError:
        """The error of a charge that is there twice."""
        told = f"charge {self.identity} comes twice, equal in all that is kept of it{problem}"
        return self.place.error(None, told, "have the bill delivered again", self.row)


class Repeats:
    """The repeated charges of one delivery, by day and event id. They are few, unless a file is doubled."""

    def __init__(self) -> None:
        self._by_day: defaultdict[date, dict[str, Repeat]] = defaultdict(dict)
        self.count, self._next_look = 0, FIRST_LOOK

    def note(self, day: date, event_id: str, repeat: Repeat) -> None:
        """A charge of the day has come again, and got this id."""
        self._by_day[day][event_id] = repeat
        self.count += 1

    def refuse_most(self, spools: DaySpools, rows: int) -> None:
        """Raise BillError where more of so many rows are equal than may be. Looks ever more rarely."""
        if self.count >= self._next_look:
            self._next_look = 2 * self.count
            self._refuse(self._equal(spools), rows)

    def refuse_file(self, spools: DaySpools, file: str, is_by_id: bool) -> None:
        """Raise BillError where every charge of the file has come before, and is equal to an earlier one.

        is_by_id: the earlier ones are not in the spools, and what has their ids counts as equal.
        """
        of_file = {
            event_id: one for repeats in self._by_day.values() for event_id, one in repeats.items() if one.place.file == file
        }
        equal = of_file if is_by_id else self._equal(spools)
        if len(of_file) > 1 and of_file.keys() <= equal.keys():
            raise next(iter(equal.values())).error(", as every charge of this file does")

    def told(self, spools: DaySpools, rows: int) -> str | None:
        """The sentence about equal charges; None without any. Raises BillError where they are more than may be."""
        equal = self._equal(spools) if self.count else {}
        self._refuse(equal, rows)
        if not equal:
            return None
        first = next(iter(equal.values()))
        return (
            f"bill {first.place.bill}, file {first.place.file}: {len(equal)} of {rows} charges come twice, equal in all "
            f"that is kept of them, such as {first.identity}; all of them count: ask whether that is meant"
        )

    def _refuse(self, equal: dict[str, Repeat], rows: int) -> None:
        if len(equal) > max(MOST_EQUAL, rows * MOST_EQUAL_SHARE):
            raise next(iter(equal.values())).error(", as more than one in a hundred do")

    def _equal(self, spools: DaySpools) -> dict[str, Repeat]:
        """The repeats that equal an earlier charge, by event id, in their order."""
        return {
            event_id: repeat
            for day, repeats in self._by_day.items()
            for event_id, repeat in _equal_on(day, repeats, spools).items()
        }


def _equal_on(day: date, repeats: dict[str, Repeat], spools: DaySpools) -> dict[str, Repeat]:
    ids = pa.array([*repeats, *(repeat.first_id for repeat in repeats.values())], pa.string())
    seen: set[bytes] = set()
    equal = {}
    for rows in spools.read(day):
        for row in rows.filter(pc.is_in(rows.column("event_id"), ids)).to_pylist():
            repeat = repeats.get(row["event_id"])
            kept = row | {"event_id": repeat.first_id if repeat else row["event_id"]}
            digest = hashlib.sha256(repr(kept).encode()).digest()
            if repeat and digest in seen:
                equal[row["event_id"]] = repeat
            seen.add(digest)
    return equal
