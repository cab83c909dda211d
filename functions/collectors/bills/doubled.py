"""Deliveries that would count charges twice: a period from two exports, a file sent again under another name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from typing import Any

from collectors.bills.deliveries import Delivery
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


def _rivalry(period: str, found: Iterable[Delivery]) -> BillError:
    deliveries = sorted(found, key=lambda delivery: delivery.export)
    exports = " and ".join(delivery.export for delivery in deliveries)
    return BillError(
        f"bill {deliveries[0].bill.name}: the exports {exports} deliver {period} each, and its charges would count twice; "
        "nothing new of it is published: give each export a bill of its own in config/bills.yaml, or delete the files of one"
    )
