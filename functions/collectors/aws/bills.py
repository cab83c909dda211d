"""Bills: every delivery that is not published yet is read as a whole, checked, and published as cost events by day.

Which ones there are is read from S3, which ones are published from Glue: a run that was killed leaves nothing visible, the
same delivery twice is published once, and a restated one replaces the earlier. A bill that cannot be read is an outcome
(collector_runs: the bill as collector, export as account, billing period as region) and stops no other. One that has
shrunk is published, since what is delivered counts, and its outcome says so. One that is being written is left to a later
run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from collectors.aws.bill_days import DaySpools
from collectors.aws.bill_publishing import Published, publish
from collectors.aws.bill_reading import read, version_of
from collectors.aws.bill_values import Place
from collectors.aws.deliveries import Delivery, deliveries
from collectors.parts import Lake
from collectors.scanning import failure
from lake.configuration import Bill
from lake.errors import BillError, OutlayError
from lake.runs import DENIED, OK, SKIPPED, Outcome, record_outcomes

BEGIN_MS = 60_000
"""No further delivery is begun with less time left than this."""

SHRUNKEN = "Shrunken"
"""Error code of a delivery that was published, and has at most half the rows of the one before it."""
UNFINISHED = "Unfinished"
"""Error code of a delivery that is skipped, since the next one is being written over it."""

logger = Logger(child=True)


@dataclass
class BillRun:
    """What a run did; sentences where it is not rows. is_complete: nothing was left for the next run for want of time."""

    published: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    shrunken: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    is_complete: bool = True

    def raise_if_failed(self) -> None:
        """Raise BillError with every failure's sentence, where there is one."""
        if self.failures:
            raise BillError(" | ".join(self.failures))


def collect_bills(lake: Lake, slot: datetime, remaining_ms: Callable[[], int]) -> BillRun:
    """Publish what is new of every configured bill, while there is time. Failures are outcomes, and in the report."""
    run = BillRun()
    table = lake.catalog.table("resource_events")
    published = Published.read(lake, table)
    for bill in lake.configuration.bills:
        outcomes = list(_collect(lake, bill, published, run, remaining_ms))
        if outcomes:
            record_outcomes(lake.s3, lake.glue, lake.environment, lake.catalog, bill.name, slot, 0, outcomes)
    return run


def _collect(
    lake: Lake, bill: Bill, published: Published, run: BillRun, remaining_ms: Callable[[], int]
) -> Iterator[Outcome]:
    """The outcome of each of a bill's deliveries. Whatever goes wrong with one is told, and stops no other."""
    started = time.monotonic()
    try:
        found = deliveries(lake.s3, bill, bill.bucket or lake.environment.bucket)
    except (ClientError, BotoCoreError) as error:
        yield _failure(Place(bill.name, bill.prefix), bill.name, "", error, started, run)
        return
    for delivery in found:
        started = time.monotonic()
        if remaining_ms() < BEGIN_MS:
            run.is_complete = False
            return
        try:
            outcome = _publish_if_new(lake, delivery, published, run)
        except Exception as error:
            yield _failure(delivery.place, delivery.export, delivery.period, error, started, run)
        else:
            yield replace(outcome, duration_ms=_since(started))


def _publish_if_new(lake: Lake, delivery: Delivery, published: Published, run: BillRun) -> Outcome:
    """The outcome of a delivery that is published, now or before; or of one that is not finished."""
    version = version_of(delivery, lake.configuration)
    warn = partial(_warned, delivery, published.rows_before(delivery.collector, version))
    rows = published.rows(delivery.collector, version)
    if rows is not None:
        run.unchanged.append(delivery.collector)
        return warn(rows)
    if reason := delivery.unfinished(datetime.now(UTC)):
        run.skipped.append(reason)
        return Outcome(delivery.export, delivery.period, SKIPPED, error_code=UNFINISHED, error_message=reason)
    with TemporaryDirectory(prefix="outlay-bill-") as folder:
        spools = DaySpools(Path(folder))
        read(lake, delivery, spools)
        publish(lake, lake.catalog.table("resource_events"), delivery, version, spools, published)
        run.published[delivery.collector] = spools.rows.total()
    outcome = warn(run.published[delivery.collector])
    if outcome.error_message:
        run.shrunken.append(outcome.error_message)
    return outcome


def _warned(delivery: Delivery, rows_before: int | None, rows: int) -> Outcome:
    """The outcome of a delivery of so many rows; with a warning where half of those before are gone, or more."""
    outcome = Outcome(delivery.export, delivery.period, OK, rows)
    if not rows_before or rows * 2 > rows_before:
        return outcome
    problem = f"has {rows} rows where the delivery before had {rows_before}"
    warning = (
        f"bill {delivery.bill.name}, file {delivery.key}: {problem}; it is published as delivered: ask whether that is meant"
    )
    return replace(outcome, error_code=SHRUNKEN, error_message=warning)


def _failure(place: Place, export: str, period: str, error: Exception, started: float, run: BillRun) -> Outcome:
    """The outcome of a bill or delivery that could not be read, noted in the report as well: the run fails by it."""
    outcome = failure(export, period, error)
    if not isinstance(error, OutlayError):
        logger.warning("bill failed", exc_info=error, extra={"bill": place.bill, "file": place.file})
        said = f"bill {place.bill}, file {place.file}: {outcome.error_code}: {outcome.error_message}"
        # Without s3:GetObject a HEAD request is refused by its bare status.
        outcome = replace(outcome, error_message=said, status=DENIED if outcome.error_code == "403" else outcome.status)
    run.failures.append(str(outcome.error_message))
    return replace(outcome, duration_ms=_since(started))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
