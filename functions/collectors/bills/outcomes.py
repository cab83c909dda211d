"""How a delivery ended, as rows of collector_runs: the export as account, the billing period as region."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from collectors.bills.deliveries import Delivery
from collectors.bills.undelivered import NothingDeliveredError
from collectors.bills.values import BillPlace
from collectors.scanning.scan import failed_outcome
from lake.errors import BillError, OutlayError
from lake.outcomes import DENIED, FAILED, OK, SKIPPED, Outcome
from lake.text import encodable

SHRUNKEN = "Shrunken"
"""Error code of a delivery that was published, and has at most half the rows of the one before it."""
WITHDRAWN = "Withdrawn"
"""Error code of a delivery whose charges are no longer published, since it is gone."""
SUPERSEDED = "Superseded"
"""Error code of a file whose charges do not count, since a newer one under another name holds them, too."""
REPEATED = "Repeated"
"""Error code of a delivery that was published with some equal charges."""
UNFINISHED = "Unfinished"
"""Error code of a delivery that is skipped, since the next one is being written over it."""
UNENDED = "Unended"
"""Error code of a delivery whose reading was begun; another outcome takes its place, unless the function was killed."""
NOTHING_DELIVERED = "NothingDelivered"
"""Error code of a bill without any delivery: skipped where that may be right, failed where it cannot be."""

logger = Logger(child=True)


def counted(delivery: Delivery, rows: int, rows_before: int | None, repeated: str | None = None) -> Outcome:
    """A delivery of so many rows is published; with a warning if half of those before are gone, or some are equal."""
    outcome = Outcome(delivery.export, delivery.period, OK, rows)
    if repeated:
        return replace(outcome, error_code=REPEATED, error_message=repeated)
    if not rows_before or rows * 2 > rows_before:
        return outcome
    warning = (
        f"bill {delivery.bill.name}, file {delivery.key}: has {rows} rows, and the delivery before it {rows_before}; "
        "it is published as delivered: ask whether that is meant"
    )
    return replace(outcome, error_code=SHRUNKEN, error_message=warning)


def unfinished(delivery: Delivery, reason: str) -> Outcome:
    """A delivery is left to a later run."""
    return Outcome(delivery.export, delivery.period, SKIPPED, error_code=UNFINISHED, error_message=reason)


def unended(delivery: Delivery) -> Outcome:
    """The reading of a delivery was begun. It is written before that, since a function that is killed writes nothing."""
    problem = (
        f"bill {delivery.bill.name}, file {delivery.key}: the run that began to read it did not end; if this happens again, "
        f"its {delivery.size:,} bytes are too much for one run: deliver it daily, not hourly, or without columns that are "
        "not needed"
    )
    return Outcome(delivery.export, delivery.period, FAILED, error_code=UNENDED, error_message=problem)


def endless(delivery: Delivery, attempts: int) -> BillError:
    """The error of a delivery that is not begun again."""
    return BillError(
        f"bill {delivery.bill.name}, file {delivery.key}: was begun {attempts} times, and no run could end it; it is not "
        f"begun again: its {delivery.size:,} bytes are too much for one run: deliver it in more files, daily, not hourly, "
        "or without columns that are not needed"
    )


def withdrawn(bill: str, export: str, period: str) -> Outcome:
    """The charges of a delivery that is gone are no longer published."""
    warning = (
        f"bill {bill}: {' '.join(filter(None, (export, period)))} is no longer delivered, and its charges were withdrawn; "
        "put its files back if that is not meant"
    )
    return Outcome(export, period, OK, error_code=WITHDRAWN, error_message=warning)


def superseded(delivery: Delivery, by: str) -> Outcome:
    """The charges of a file do not count, since another one of its bill holds them."""
    warning = (
        f"bill {delivery.bill.name}, file {delivery.key}: {by} holds its charges, too, and is newer: those count once; "
        "delete the older file, and deliver each state of a month under the same name"
    )
    return Outcome(delivery.export, delivery.period, OK, error_code=SUPERSEDED, error_message=warning)


def listed(bill: str, lacking: str | None) -> Outcome:
    """A bill was looked at. A row of its own even where all is well: the newest says that an earlier failure is mended."""
    if lacking is None:
        return Outcome(bill, "", OK)
    return Outcome(bill, "", SKIPPED, error_code=NOTHING_DELIVERED, error_message=lacking)


def failed(place: BillPlace, export: str, period: str, error: Exception) -> Outcome:
    """A bill or delivery could not be read; the sentence names bill and file."""
    outcome = failed_outcome(export, period, error)
    outcome = replace(outcome, error_message=encodable(str(outcome.error_message)))
    if isinstance(error, NothingDeliveredError):
        return replace(outcome, error_code=NOTHING_DELIVERED)
    if isinstance(error, OutlayError):
        return outcome
    logger.warning("bill failed", exc_info=error, extra={"bill": place.bill, "file": place.file})
    said = f"bill {place.bill}, file {place.file}: {outcome.error_code}: {outcome.error_message}"
    # Without s3:GetObject a HEAD request is refused by its bare status.
    return replace(outcome, error_message=said, status=DENIED if outcome.error_code == "403" else outcome.status)
