"""Whether a bill has stopped: nothing of it has been delivered for longer than it may be old."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.bills.deliveries import Listing
from lake.configuration import Bill

MAX_AGE_DAYS = {"cur2": 3}
"""Days after which a bill is overdue, by its format: AWS delivers at least once a day."""
OTHER_MAX_AGE_DAYS = 40
"""The same for any other format: what people deliver comes once a month."""


def overdue(bill: Bill, listing: Listing, now: datetime) -> str | None:
    """A sentence where the newest delivery is older than the bill's max_age_days, or there is none; else None."""
    allowed = bill.max_age_days or MAX_AGE_DAYS.get(bill.format, OTHER_MAX_AGE_DAYS)
    newest = max((delivery.own.modified for delivery in listing.deliveries), default=None)
    if newest is None:
        return f"bill {bill.name}: nothing has been delivered"
    if now - newest <= timedelta(days=allowed):
        return None
    return (
        f"bill {bill.name}: its newest delivery is of {newest:%Y-%m-%d %H:%M} UTC, and it may be {allowed} days old: look "
        "whether its export still runs, or set max_age_days in config/bills.yaml"
    )
