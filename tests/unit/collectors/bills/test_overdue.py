"""A bill that stopped is told from one that is on its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collectors.bills.deliveries import Delivery, Listing, Stored
from collectors.bills.overdue import overdue
from lake.configuration import Bill

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def said(form: str, *ages: timedelta, max_age_days: int | None = None) -> str | None:
    bill = Bill("aws", form, "bills/aws/", max_age_days=max_age_days)
    manifests = [Stored(f"{i}-Manifest.json", "e", NOW - age, 1) for i, age in enumerate(ages)]
    found = [Delivery(bill, "lake", own, (), "cur", "2026-11", "aws.cur") for own in manifests]
    return overdue(bill, Listing(len(found), found, []), NOW)


@pytest.mark.parametrize(("form", "days"), [("cur2", 3), ("focus", 40)])
def test_a_bill_is_overdue_once_its_newest_delivery_is_too_old(form: str, days: int) -> None:
    allowed = timedelta(days=days)
    assert said(form, allowed, timedelta(days=300)) is None
    late = said(form, allowed + timedelta(seconds=1), timedelta(days=300))
    assert late is not None
    assert f"it may be {days} days old" in late


def test_its_own_age_may_be_set() -> None:
    assert said("cur2", timedelta(days=30), max_age_days=31) is None
    assert said("focus", timedelta(days=3), max_age_days=2) is not None


def test_a_bill_of_which_nothing_came_is_overdue() -> None:
    assert said("cur2") == "bill aws: nothing has been delivered"
