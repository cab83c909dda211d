"""Bills: every delivery that is not published yet is read as a whole, checked, and published as cost events by day.

Which ones there are is read from S3, which ones are published from Glue: a run that was killed leaves nothing visible, the
same delivery twice is published once, a restated one replaces the earlier, and one that is gone is withdrawn. A delivery
that cannot be read is an outcome (collector_runs: the bill as collector, export as account, billing period as region) and
stops no other; so is a bill as a whole, under its own name. One that has shrunk is published, since what is delivered
counts, and its outcome says so. One that is being written is left to a later run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from collectors.bills import outcomes
from collectors.bills.deliveries import Delivery, deliveries
from collectors.bills.doubled import Contents, first_come, rivals
from collectors.bills.overdue import overdue
from collectors.bills.publishing import REPEATED, SUPERSEDED_BY, Published
from collectors.bills.reading import NoTimeError
from collectors.bills.undelivered import lacking
from collectors.bills.under_way import MOST_ATTEMPTS, UnderWay
from collectors.bills.values import BillPlace
from collectors.bills.versions import Dependencies, version_of
from collectors.bills.whole import Ended, Whole
from collectors.bills.withdrawals import gone, named, withdraw
from lake.configuration import Bill
from lake.errors import BillError
from lake.lake import Lake
from lake.outcomes import OK, SKIPPED, Outcome, record_outcomes

_Done = TypeVar("_Done")

BEGIN_MS = 60_000
"""No further delivery is begun with less time left than this."""

LARGE_BYTES, BEGIN_LARGE_MS = 1 << 30, 600_000
"""Deliveries with more data than this are read after all others, and data file by data file. One of them, or one that an
earlier run began and did not end, may take the whole run, and is begun with so much time left."""

SOON, LARGE, LAST = range(3)
"""When a delivery's turn comes: LAST is for those that an earlier run began and did not end, which may end this one, too."""


@dataclass
class BillRun:
    """What a run did; sentences where it is not rows. is_complete: nothing was left for the next run for want of time."""

    published: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    is_complete: bool = True

    def raise_if_failed(self) -> None:
        """Raise BillError with every failure's sentence, where there is one."""
        if self.failures:
            raise BillError(" | ".join(self.failures))


def collect_bills(lake: Lake, slot: datetime, remaining_ms: Callable[[], int]) -> BillRun:
    """Publish what is new of every configured bill, while there is time. Failures are outcomes, and in the report."""
    run = BillRun()
    published = Published.read(lake, lake.catalog.table("outlay.resource_events"))
    whole = Whole(lake, published, UnderWay(lake), remaining_ms)
    visits = [_Visit(whole, bill, slot, run) for bill in lake.configuration.bills]
    for turn in (SOON, LARGE, LAST):
        for visit in visits:
            for task in visit.tasks(turn):
                if remaining_ms() < (BEGIN_MS if turn == SOON else BEGIN_LARGE_MS):
                    run.is_complete = False
                    break
                task()
            visit.record()
    return run


@dataclass(frozen=True)
class _Task:
    """Something to do for a bill; size is the bytes of data that are read for it."""

    do: Callable[[], None]
    size: int = 0
    turn: int = SOON


class _Visit:
    """What one run does for one bill, and how each of its deliveries ended."""

    def __init__(self, whole: Whole, bill: Bill, slot: datetime, run: BillRun) -> None:
        self._whole, self._bill, self._slot, self._run = whole, bill, slot, run
        self._lake, self._published, self._under_way = whole.lake, whole.published, whole.under_way
        self._contents = Contents()
        self._found: list[Delivery] = []
        self._outcomes: list[Outcome] = []
        self._recorded = 0
        self._tasks = self._look()

    def tasks(self, turn: int) -> list[Callable[[], None]]:
        """What there is to do when it is its turn; but for SOON, the smallest first. None ever raises."""
        chosen = [task for task in self._tasks if task.turn == turn]
        return [task.do for task in (chosen if turn == SOON else sorted(chosen, key=lambda task: task.size))]

    def _look(self) -> list[_Task]:
        """Each delivery that stands is to be published, each that is gone to be withdrawn."""
        found: list[Delivery] = []
        charged = self._published.charged(self._bill.name)

        def listed() -> Outcome:
            bucket = self._bill.bucket or self._lake.bucket
            listing = deliveries(self._lake.s3, self._bill, bucket, datetime.now(UTC))
            found.extend(listing.deliveries)
            late = overdue(self._bill, listing, datetime.now(UTC))
            self._run.overdue += [late] if late else []
            reason = lacking(self._bill, bucket, listing, charged)
            self._run.skipped += [reason] if reason else []
            return outcomes.listed(self._bill.name, reason)

        self._attempt(BillPlace(self._bill.name, self._bill.prefix), self._bill.name, "", listed)
        if not found:
            # A wrong prefix or a bucket that is being filled: what is published stands.
            return []
        self._found = found
        doubled = rivals(found)
        in_order = [delivery for delivery in found if delivery.folder is not None] + sorted(
            (delivery for delivery in found if delivery.folder is None), key=first_come(charged)
        )
        for collector in self._published.withdrawn_in(self._bill.name, self._slot.isoformat()):
            # An earlier attempt of this run withdrew it; the outcomes that this one writes take the place of that one's.
            self._outcomes.append(outcomes.withdrawn(self._bill.name, *named(self._bill.name, collector)))
        vanished = gone(self._published, self._bill.name, found, self._slot.date())
        return [
            # First, since a file that was renamed holds the charges of the one that is gone.
            *(_Task(partial(self._withdraw, collector)) for collector in vanished),
            *(_Task(partial(self._attend, one, doubled.get(one.collector)), one.size, self._turn(one)) for one in in_order),
        ]

    def _turn(self, delivery: Delivery) -> int:
        if self._under_way.is_begun(delivery.collector, self._state(delivery)):
            return LAST
        return LARGE if delivery.size > LARGE_BYTES else SOON

    def _state(self, delivery: Delivery) -> str:
        """What the delivery and all settings are: a reading that was begun for another state is not gone on with."""
        return version_of(delivery, self._lake.configuration, Dependencies())

    def record(self) -> None:
        """Write the outcomes so far. One bill's that cannot be written are a failure, and stop no other bill."""
        if self._recorded == len(self._outcomes):
            return
        self._recorded = len(self._outcomes)
        if error := _guarded(lambda: self._write(self._outcomes)):
            place = BillPlace(self._bill.name, self._bill.prefix)
            self._run.failures.append(str(outcomes.failed(place, self._bill.name, "", error).error_message))

    def _write(self, ended: list[Outcome]) -> None:
        record_outcomes(self._lake, self._bill.name, self._slot, 0, ended)

    def _attend(self, delivery: Delivery, refused: BillError | None) -> None:
        def publish_if_new() -> Outcome:
            if refused:
                raise refused
            return self._publish_if_new(delivery)

        self._attempt(delivery.place, delivery.export, delivery.period, publish_if_new)

    def _withdraw(self, collector: str) -> None:
        export, period = named(self._bill.name, collector)

        def withdraw_charges() -> Outcome:
            withdraw(self._lake, self._bill.name, collector, self._slot, self._published)
            return self._warned(outcomes.withdrawn(self._bill.name, export, period))

        self._attempt(BillPlace(self._bill.name, export), export, period, withdraw_charges)

    def _attempt(self, place: BillPlace, export: str, period: str, do: Callable[[], Outcome]) -> None:
        """Note the outcome. Whatever goes wrong is one, and stops nothing else; the run fails by it in the end."""
        started = time.monotonic()
        done = _guarded(do)
        outcome = done if isinstance(done, Outcome) else outcomes.failed(place, export, period, done)
        if outcome.status not in (OK, SKIPPED) and outcome.error_message not in self._run.failures:
            self._run.failures.append(str(outcome.error_message))
        self._outcomes.append(replace(outcome, duration_ms=round((time.monotonic() - started) * 1000)))

    def _publish_if_new(self, delivery: Delivery) -> Outcome:
        """The outcome of a delivery that is published, now or before; or of one that is not finished."""
        self._contents.refuse(delivery)
        version = self._published.version(delivery, self._lake.configuration)
        is_new = self._published.rows(delivery.collector, version) is None or not self._is_still_superseded(delivery)
        if is_new:
            if reason := delivery.unfinished(datetime.now(UTC)):
                self._run.skipped.append(reason)
                return outcomes.unfinished(delivery, reason)
            try:
                version = self._read(delivery).version
            except NoTimeError as error:
                self._run.is_complete = False
                self._run.skipped.append(str(error))
                return outcomes.unfinished(delivery, str(error))
        else:
            self._run.unchanged.append(delivery.collector)
        outcome = self._standing(delivery, version)
        return self._warned(outcome) if is_new else outcome

    def _read(self, delivery: Delivery) -> Ended:
        """Publish the delivery; with a mark as long as it is being read, as the function may be killed by it."""
        collector, state = delivery.collector, self._state(delivery)
        is_large = delivery.folder is not None and self._turn(delivery) != SOON
        parts = len(self._under_way.parts(collector, state, self._under_way.publication(collector, state)))
        if self._under_way.attempts(collector, state, parts) >= MOST_ATTEMPTS:
            raise outcomes.endless(delivery, MOST_ATTEMPTS)
        self._write([*self._outcomes, outcomes.unended(delivery)])
        mark = self._under_way.begin(collector, state, parts)
        ended = _guarded(
            partial(self._whole.publish_in_parts, delivery, state)
            if is_large
            else partial(self._whole.publish, delivery, self._found)
        )
        if not (isinstance(ended, NoTimeError) and ended.is_begun):
            self._under_way.end(collector, state, mark)
        if isinstance(ended, Exception):
            raise ended
        self._run.published |= {collector: ended.rows} if ended.rows or not self._superseding(delivery) else {}
        for older in ended.holds:
            self._outcomes = [one for one in self._outcomes if one.aws_account_id != older.export]
            self._outcomes.append(self._warned(outcomes.superseded(older, delivery.key)))
        return ended

    def _standing(self, delivery: Delivery, version: str) -> Outcome:
        """The outcome of a delivery that is published."""
        rows = self._published.rows(delivery.collector, version) or 0
        if other := self._superseding(delivery):
            return outcomes.superseded(delivery, other.key)
        self._contents.note(delivery, rows)
        before = self._published.rows_before(delivery.collector, version)
        return outcomes.counted(delivery, rows, before, self._published.parameter(delivery.collector, REPEATED))

    def _is_still_superseded(self, delivery: Delivery) -> bool:
        """False where a delivery's charges were left out for those of another file that is gone, or another by now."""
        return not self._published.parameter(delivery.collector, SUPERSEDED_BY) or self._superseding(delivery) is not None

    def _superseding(self, delivery: Delivery) -> Delivery | None:
        """The file for which the charges of this one are left out."""
        named = self._published.parameter(delivery.collector, SUPERSEDED_BY)
        others = (one for one in self._found if named and self._whole.mark(one) == named)
        return next(others, None)

    def _warned(self, outcome: Outcome) -> Outcome:
        """The outcome; its warning goes into the report, too."""
        if outcome.error_message:
            self._run.warnings.append(outcome.error_message)
        return outcome


def _guarded(do: Callable[[], _Done]) -> _Done | Exception:
    """What came of it; or the exception, whatever it is, as nothing of one bill may stop another."""
    try:
        return do()
    except Exception as error:
        return error
