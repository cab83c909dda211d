"""Deliveries that are gone: what is not delivered any more does not count any more.

Otherwise an export that was made anew would double its months, and deleting the old one would not undo it. What expires is
no correction, though: a file that vanishes long after its last charge stands, as closed months are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from collectors.bills.deliveries import Delivery
from collectors.bills.publishing import WITHDRAWN_IN, WITHDRAWN_VERSION, Publication, Published, publish_empty
from collectors.bills.values import BillPlace
from lake.lake import Lake

EXPIRING = timedelta(days=90)
"""Bills are corrected for weeks, and lifecycle rules let them go after months."""

_PERIOD = re.compile(r"\d{4}-\d{2}")


def gone(published: Published, bill: str, found: Iterable[Delivery], today: date) -> list[str]:
    """Collectors of a bill whose charges count, though their delivery was not found."""
    by_collector = {delivery.collector: delivery for delivery in found}
    periods = {delivery.period for delivery in by_collector.values() if delivery.period}
    return [
        collector
        for collector in published.charged(bill)
        if collector not in by_collector
        and (max(published.days(collector)) > today - EXPIRING or named(bill, collector)[1] in periods)
    ]


def withdraw(lake: Lake, bill: str, collector: str, slot: datetime, published: Published) -> None:
    """Publish every day of the delivery empty, with the slot: a retry of its run tells of the withdrawal again."""
    wanted = Publication(
        collector, BillPlace(bill, collector), WITHDRAWN_VERSION, parameters={WITHDRAWN_IN: slot.isoformat()}
    )
    publish_empty(lake, wanted, published)


def named(bill: str, collector: str) -> tuple[str, str]:
    """Export (or file) and billing period of a delivery, as its collector's name has them."""
    name = collector.removeprefix(f"{bill}.")
    export, _, period = name.rpartition(".")
    return (export, period) if _PERIOD.fullmatch(period) else (name, "")
