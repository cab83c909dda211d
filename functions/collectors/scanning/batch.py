"""One part of a run: some accounts, each of their regions scanned once; one object of events, one of outcomes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

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
from lake.writer import ParquetObject

THREADS = 8
"""A scan waits for AWS most of its time; parsing keeps one core busy from about eight on."""

LOOK_AHEAD = 2 * THREADS
"""Scans that may be under way or waiting to be written: it bounds what spools and queues hold."""

FINISHING_MS = 20_000
"""Kept back for writing the object, the partition and the outcomes."""

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

    def run(self, accounts: Sequence[Account], role: MemberRole) -> list[Outcome]:
        """Scan the accounts, write their events and then the outcomes; returns these, one an account and region."""
        lake = self.lake
        outcomes: list[Outcome] = []
        with suppress(EarlierStandsError):
            self._write_events(lake.catalog.table(self.collector.table), accounts, role, outcomes)
            record_outcomes(lake, self.name, self.slot, self.number, without_disabled_regions(outcomes))
        return without_disabled_regions(outcomes)

    def _write_events(self, table: Table, accounts: Sequence[Account], role: MemberRole, outcomes: list[Outcome]) -> None:
        """Write the part's object and register its partition, adding to outcomes how each scan ended.

        Without events too: an earlier attempt may have had some. Raises EarlierStandsError, with nothing written, where an
        earlier attempt scanned a place well that this one did not.
        """
        lake = self.lake
        values = (self.collector.event_type, self.name, self.slot.date().isoformat())
        key = f"{table.folder(*values)}{slot_name(self.slot, self.number)}.parquet"
        with (
            TemporaryDirectory(prefix="outlay-scans-", ignore_cleanup_errors=True) as spools,
            ParquetObject(lake.s3, lake.bucket, key, table, SORT_BY) as target,
        ):
            grouping = lake.configuration.grouping
            scanner = Scanner(self.collector.scan, table, grouping, Path(spools), lambda: self._seconds_left() > 0)
            for scanned in self._scan_all(accounts, role, scanner):
                outcomes.append(scanned.outcome)
                for batch in scanned.batches():
                    target.write(batch)
                scanned.discard()
            if saw_more(lake, self.name, self.slot, self.number, outcomes):
                raise EarlierStandsError
        lake.register(table, *values)

    def _scan_all(self, accounts: Sequence[Account], role: MemberRole, scanner: Scanner) -> Iterator[Scanned]:
        """Every account and region once, in order (so that a repeated run writes the same bytes), THREADS at a time."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="scan")
        waiting: deque[tuple[Origin, Future[Scanned]]] = deque()
        try:
            for submitted in self._submit_each(accounts, role, scanner, pool):
                waiting.append(submitted)
                if len(waiting) >= LOOK_AHEAD:
                    yield self._result(*waiting.popleft())
            while waiting:
                yield self._result(*waiting.popleft())
        finally:
            # A scan that hangs must not keep the part from being written; its thread ends with its call.
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit_each(
        self, accounts: Iterable[Account], role: MemberRole, scanner: Scanner, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Origin, Future[Scanned]]]:
        """Hand each scan to the pool when it is asked for.

        An account's one AssumeRole goes in ahead of its scans; the pool begins in that order, so no scan waits for one
        that has not begun.
        """
        for account in accounts:
            access = pool.submit(role.assume, account.account_id) if account.enabled else None
            for region in account.regions:
                origin = Origin(self.name, self.collector.event_type, self.slot, account, region)
                yield origin, pool.submit(scanner.visit, origin, access) if access else _disabled(origin)

    def _result(self, origin: Origin, scan: Future[Scanned]) -> Scanned:
        """What came of a scan; out of time where it hangs for longer than the function has."""
        try:
            return scan.result(timeout=self._seconds_left())
        except TimeoutError:
            return Scanned(failed_outcome(origin.account.account_id, origin.region, OutOfTimeError()))

    def _seconds_left(self) -> float:
        """Seconds until scanning must end."""
        return max(0.0, (self.remaining_ms() - FINISHING_MS) / 1000)


def _disabled(origin: Origin) -> Future[Scanned]:
    message = f"config/accounts.yaml: account {origin.account.account_id} has enabled: false"
    scan: Future[Scanned] = Future()
    scan.set_result(
        Scanned(
            Outcome(
                origin.account.account_id,
                origin.region,
                SKIPPED,
                error_code="AccountDisabled",
                error_message=message,
            )
        )
    )
    return scan
