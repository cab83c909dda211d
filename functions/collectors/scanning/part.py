"""One part of a run: some of its owners, each of their units scanned once; an object of events a day, one of outcomes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from collectors.scanning.day_objects import DayObjects
from collectors.scanning.declaration import Collector
from collectors.scanning.earlier import saw_more
from collectors.scanning.events import Origin
from collectors.scanning.member_role import MemberRole
from collectors.scanning.scan import OutOfTimeError, Scanned, Scanner, failed_outcome, without_disabled_regions
from lake.configuration import Account
from lake.lake import Lake
from lake.outcomes import SKIPPED, Outcome, record_outcomes
from lake.relations import Table
from lake.times import slot_name

THREADS = 8
"""A scan waits for AWS most of its time; parsing keeps one core busy from about eight on."""

LOOK_AHEAD = 2 * THREADS
"""Scans that may be under way or waiting to be written: it bounds what spools and queues hold."""

FINISHING_MS = 20_000
"""Kept back for writing the objects, the partitions and the outcomes."""

SORT_BY = ("resource_type", "aws_account_id", "resource_arn", "event_time")


class EarlierStandsError(Exception):
    """An earlier attempt at the same part saw more than this one, and what it wrote stands."""


@dataclass(frozen=True)
class Part:
    """Part `number` of the run of one collector for one slot. name is the collector's."""

    name: str
    collector: Collector
    slot: datetime
    number: int
    lake: Lake
    remaining_ms: Callable[[], int]

    def run(self, owners: Sequence[Account], role: MemberRole) -> list[Outcome]:
        """Scan the owners' units, write their events and then the outcomes; returns these, one a unit."""
        lake = self.lake
        outcomes: list[Outcome] = []
        with suppress(EarlierStandsError):
            self._write_events(lake.catalog.table(self.collector.table), owners, role, outcomes)
            record_outcomes(lake, self.name, self.slot, self.number, without_disabled_regions(outcomes))
        return without_disabled_regions(outcomes)

    def _write_events(self, table: Table, owners: Sequence[Account], role: MemberRole, outcomes: list[Outcome]) -> None:
        """Write the part's objects and register their partitions, adding to outcomes how each scan ended.

        Raises EarlierStandsError, with nothing written, where an earlier attempt scanned a place well that this one did not.
        """
        lake, collector = self.lake, self.collector
        days, name = collector.days_of(self.slot), slot_name(self.slot, self.number)
        with (
            TemporaryDirectory(prefix="outlay-scans-", ignore_cleanup_errors=True) as spools,
            DayObjects(lake, table, (collector.event_type, self.name), days, name, SORT_BY) as objects,
        ):
            grouping = lake.configuration.grouping
            scanner = Scanner(collector, table, grouping, Path(spools), lambda: self._seconds_left() > 0)
            for scanned in self._scan_all(owners, role, scanner):
                outcomes.append(scanned.outcome)
                for batch in scanned.batches():
                    objects.write(batch)
                scanned.discard()
            if saw_more(lake, self.name, self.slot, self.number, outcomes):
                raise EarlierStandsError
        objects.register()

    def _scan_all(self, owners: Sequence[Account], role: MemberRole, scanner: Scanner) -> Iterator[Scanned]:
        """Every unit once, in order (so that a repeated run writes the same bytes), THREADS at a time."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="scan")
        waiting: deque[tuple[Origin, Future[Scanned]]] = deque()
        try:
            for submitted in self._submit_each(owners, role, scanner, pool):
                waiting.append(submitted)
                if len(waiting) >= LOOK_AHEAD:
                    yield self._result(*waiting.popleft())
            while waiting:
                yield self._result(*waiting.popleft())
        finally:
            # A scan that hangs must not keep the part from being written; its thread ends with its call.
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit_each(
        self, owners: Iterable[Account], role: MemberRole, scanner: Scanner, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Origin, Future[Scanned]]]:
        """Hand each scan to the pool when it is asked for.

        An owner is entered once, ahead of its scans; the pool begins in that order, so no scan waits for an entry that has
        not begun.
        """
        scope = self.collector.scope
        for owner in owners:
            access = pool.submit(scope.enter, role, owner.account_id) if owner.enabled else None
            for unit in scope.units(owner):
                origin = Origin(self.name, self.collector.event_type, self.slot, unit)
                yield origin, pool.submit(scanner.visit, origin, access) if access else _disabled(origin)

    def _result(self, origin: Origin, scan: Future[Scanned]) -> Scanned:
        """What came of a scan; out of time where it hangs for longer than the function has."""
        try:
            return scan.result(timeout=self._seconds_left())
        except TimeoutError:
            return Scanned(failed_outcome(origin.account_id, origin.unit.place, OutOfTimeError()))

    def _seconds_left(self) -> float:
        """Seconds until scanning must end."""
        return max(0.0, (self.remaining_ms() - FINISHING_MS) / 1000)


def _disabled(origin: Origin) -> Future[Scanned]:
    message = f"config/accounts.yaml: account {origin.account_id} has enabled: false"
    outcome = Outcome(origin.account_id, origin.unit.place, SKIPPED, error_code="AccountDisabled", error_message=message)
    scan: Future[Scanned] = Future()
    scan.set_result(Scanned(outcome))
    return scan
