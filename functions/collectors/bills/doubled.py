"""Deliveries that would count charges twice: two exports of a period, a file again, a month to date anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from collectors.bills.deliveries import Delivery
from collectors.bills.publishing import Published
from collectors.bills.sketches import Sketch
from lake.errors import BillError


def rivals(found: Iterable[Delivery]) -> dict[str, BillError]:
    """Why a delivery must not be read, by collector: another export of the bill delivers its period, too.

    Which one counts is not guessed: a new export begins with a part of the month, an old one may be delivering still.
    """
    by_period: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in found:
        if delivery.folder is not None:
            by_period[delivery.period].append(delivery)
    return {
        delivery.collector: _rivalry(period, some)
        for period, some in by_period.items()
        if len(some) > 1
        for delivery in some
    }


def first_come(published: Container[str]) -> Any:
    """The order in which files with the same content have precedence: published ones first, then the older."""

    def order(delivery: Delivery) -> tuple[bool, Any, str]:
        return delivery.collector not in published, delivery.own.modified, delivery.key

    return order


class Contents:
    """What the files of a bill hold, by ETag. A KMS key of one's own gives each upload another: no two are equal then."""

    def __init__(self) -> None:
        self._charged: dict[str, str] = {}

    def refuse(self, delivery: Delivery) -> None:
        """Raise BillError where another file with the same content has charges that count."""
        if (earlier := self._charged.get(delivery.own.etag)) and delivery.folder is None:
            problem = f"has the same content as {earlier}, and its charges would count twice"
            raise delivery.place.error(None, problem, "delete one of the two; nothing was published of this one")

    def note(self, delivery: Delivery, rows: int) -> None:
        """The file is published, with so many rows."""
        if rows:
            self._charged[delivery.own.etag] = delivery.key


@dataclass(frozen=True)
class Overlap:
    """Which files of a bill a newly read one goes with: it is held by one of them, or it holds some; else neither."""

    held_by: Delivery | None = None
    holds: tuple[Delivery, ...] = ()


def overlap(
    delivery: Delivery, sketches: Mapping[date, Sketch], others: Iterable[Delivery], published: Published
) -> Overlap:
    """Compare a file with the published ones of its bill.

    A file that holds all charges of an older one, and is not the same, is a later state of it: month-to-date files come so.
    Raises BillError where two files share charges otherwise, as counting both would double some.
    """
    holds = []
    for other in others:
        theirs = published.sketches(other.collector)
        if other.collector == delivery.collector or not _share(sketches, theirs):
            continue
        is_newer = (delivery.own.modified, delivery.key) > (other.own.modified, other.key)
        if is_newer and _extends(sketches, theirs):
            holds.append(other)
        elif not is_newer and _extends(theirs, sketches):
            return Overlap(held_by=other)
        else:
            problem = f"repeats charges of {other.key}, which would count twice"
            remedy = (
                "nothing was published of this one: delete one of the two, deliver each state of a month under the same "
                "name, or give files that do not belong together a bill of their own in config/bills.yaml"
            )
            raise delivery.place.error(None, problem, remedy)
    return Overlap(holds=tuple(holds))


def _share(mine: Mapping[date, Sketch], theirs: Mapping[date, Sketch]) -> bool:
    return any(mine[day].repeats(theirs[day]) for day in mine.keys() & theirs.keys())


def _extends(mine: Mapping[date, Sketch], theirs: Mapping[date, Sketch]) -> bool:
    """Whether the first is a later state of the second: it holds its charges day by day, and more."""
    size, their_size = (sum(len(sketch.entries) for sketch in some.values()) for some in (mine, theirs))
    is_more = size > their_size or mine.keys() > theirs.keys()
    return is_more and all(day in mine and mine[day].holds(sketch) for day, sketch in theirs.items())


def _rivalry(period: str, found: Iterable[Delivery]) -> BillError:
    deliveries = sorted(found, key=lambda delivery: delivery.export)
    exports = " and ".join(delivery.export for delivery in deliveries)
    return BillError(
        f"bill {deliveries[0].bill.name}: the exports {exports} deliver {period} each, and its charges would count twice; "
        "nothing new of it is published: give each export a bill of its own in config/bills.yaml, or delete the files of one"
    )
