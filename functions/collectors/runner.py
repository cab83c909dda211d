"""Runs one collector over the configured accounts and their regions, and writes what it found and how each scan ended.

The accounts are cut into parts of ACCOUNTS_PER_PART, in their configured order; each part is one object of events and one of
outcomes, named by slot and part. Where the cuts fall depends on the accounts alone and never on the clock, so a run that is
repeated, continued twice or killed half-way writes the same objects again: nothing is doubled, nothing left over.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from collectors.declaration import Collector
from collectors.discovery import load_collector
from collectors.scanning import OutOfTimeError, Scanned, Scanner, failure
from lake.accounts import MemberRole
from lake.catalog import Catalog
from lake.configuration import Account, Configuration
from lake.environment import Environment
from lake.errors import ConfigurationError, RetriableError
from lake.events import Origin
from lake.partitions import Partition, Partitions
from lake.runs import OK, SKIPPED, Outcome, record_outcomes
from lake.slots import slot_name
from lake.writer import ParquetObject

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

ACCOUNTS_PER_PART = 25
"""Small enough to be scanned well within one function's time, large enough that objects stay few."""

THREADS = 8
"""A scan waits for AWS most of its time; parsing keeps one core busy from about eight on."""

LOOK_AHEAD = 2 * THREADS
"""Scans that may be under way or waiting to be written: it bounds what spools and queues hold."""

FINISHING_MS = 20_000
"""Kept back for writing the object, the partition and the outcomes."""

PART_MS = 60_000
"""No further part is begun with less time left than this."""

SORT_BY = ("resource_type", "aws_account_id", "resource_arn", "event_time")


class NothingCollectedError(RetriableError):
    """Every scan of a run failed, so it is not the accounts but the deployment that needs a look."""


@dataclass(frozen=True)
class Lake:
    """Where a run writes, and by which declarations and settings."""

    s3: S3Client
    glue: GlueClient
    environment: Environment
    catalog: Catalog
    configuration: Configuration


@dataclass(frozen=True)
class Run:
    """What a run did. left are the ids of the accounts that next_part has to begin with; empty when all are done."""

    collector: str
    outcomes: tuple[Outcome, ...]
    left: tuple[str, ...]
    next_part: int

    @property
    def event_count(self) -> int:
        """Events that all scans brought."""
        return sum(outcome.event_count for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Scans that were denied, throttled or failed. A skipped one is meant to be."""
        return tuple(outcome for outcome in self.outcomes if outcome.status not in (OK, SKIPPED))

    def raise_if_nothing_collected(self) -> None:
        """Raise NothingCollectedError where scans were tried and not one went well."""
        if self.failures and all(outcome.status != OK for outcome in self.outcomes):
            first = self.failures[0]
            raise NothingCollectedError(
                f"{self.collector}: none of {len(self.failures)} scans went well; the first, account {first.aws_account_id} "
                f"in {first.aws_region}, was {first.status}: {first.error_code}: {first.error_message}. "
                "collector_runs has them all"
            )


def run(
    collector_name: str,
    slot: datetime,
    part: int,
    account_ids: Sequence[str] | None,
    remaining_ms: Callable[[], int],
    lake: Lake,
    role: MemberRole,
) -> Run:
    """Scan the accounts (None: all that are configured), part by part, for as long as there is time; at least one part.

    Failed scans are outcomes, recorded and returned; they raise nothing here. Raises ConfigurationError for a collector,
    an account or regions that the configuration does not have.
    """
    collector = load_collector(collector_name)
    accounts = _accounts(lake.configuration, account_ids)
    outcomes: list[Outcome] = []
    done, slowest_ms = 0, 0.0
    while not done or (done < len(accounts) and remaining_ms() >= max(PART_MS, 1.5 * slowest_ms)):
        started = time.monotonic()
        cut = accounts[done : done + ACCOUNTS_PER_PART]
        outcomes += _run_part(_Part(collector_name, collector, slot, part, lake, remaining_ms), cut, role)
        slowest_ms = max(slowest_ms, (time.monotonic() - started) * 1000)
        done, part = done + ACCOUNTS_PER_PART, part + 1
    left = tuple(account.account_id for account in accounts[done:])
    return Run(collector_name, tuple(outcomes), left, part)


@dataclass(frozen=True)
class _Part:
    """What is the same for every scan of a part."""

    name: str
    collector: Collector
    slot: datetime
    number: int
    lake: Lake
    remaining_ms: Callable[[], int]

    def seconds_left(self) -> float:
        """Seconds until scanning must end."""
        return max(0.0, (self.remaining_ms() - FINISHING_MS) / 1000)

    def origin(self, account: Account, region: str) -> Origin:
        return Origin(self.name, self.collector.event_type, self.slot, account, region)


def _run_part(part: _Part, accounts: Sequence[Account], role: MemberRole) -> list[Outcome]:
    """Scan the accounts of one part; write its events (none, too: an earlier attempt may have had some), then its outcomes."""
    lake, table = part.lake, part.lake.catalog.table(part.collector.table)
    day = part.slot.date().isoformat()
    values = (part.collector.event_type, part.name, day)
    names = (column.name for column in table.partition)
    folder = table.prefix + "".join(f"{name}={value}/" for name, value in zip(names, values, strict=True))
    key = f"{folder}{slot_name(part.slot, part.number)}.parquet"
    outcomes: list[Outcome] = []
    with (
        TemporaryDirectory(prefix="outlay-scans-", ignore_cleanup_errors=True) as spools,
        ParquetObject(lake.s3, lake.environment.bucket, key, table, SORT_BY) as target,
    ):
        scanner = Scanner(
            part.collector.scan,
            table,
            lake.configuration.grouping,
            Path(spools),
            lambda: part.seconds_left() > 0,
        )
        for scanned in _scan_all(part, accounts, role, scanner):
            outcomes.append(scanned.outcome)
            for batch in scanned.batches():
                target.write(batch)
            if scanned.spool:
                scanned.spool.unlink()
    partitions = Partitions(lake.glue, lake.environment.database(table.database), table)
    partitions.register(Partition(values, f"s3://{lake.environment.bucket}/{folder}"))
    record_outcomes(lake.s3, lake.glue, lake.environment, lake.catalog, part.name, part.slot, part.number, outcomes)
    return outcomes


def _scan_all(part: _Part, accounts: Sequence[Account], role: MemberRole, scanner: Scanner) -> Iterator[Scanned]:
    """Every account and region once, in order (so that a repeated run writes the same bytes), THREADS at a time."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="scan")
    waiting: deque[tuple[Origin, Future[Scanned]]] = deque()
    try:
        for origin, scan in _submit_each(part, accounts, role, scanner, pool):
            waiting.append((origin, scan))
            if len(waiting) >= LOOK_AHEAD:
                yield _result(part, *waiting.popleft())
        while waiting:
            yield _result(part, *waiting.popleft())
    finally:
        # A scan that hangs must not keep the part from being written; its thread ends with its call.
        pool.shutdown(wait=False, cancel_futures=True)


def _submit_each(
    part: _Part, accounts: Iterable[Account], role: MemberRole, scanner: Scanner, pool: ThreadPoolExecutor
) -> Iterator[tuple[Origin, Future[Scanned]]]:
    """Hand each scan to the pool when it is asked for.

    An account's one AssumeRole goes in ahead of its scans; the pool begins in that order, so no scan waits for one that
    has not begun.
    """
    for account in accounts:
        access = pool.submit(role.assume, account.account_id) if account.enabled else None
        for region in account.regions:
            origin = part.origin(account, region)
            if access is None:
                scan: Future[Scanned] = Future()
                scan.set_result(Scanned(_disabled(account, region)))
            else:
                scan = pool.submit(scanner.visit, origin, access)
            yield origin, scan


def _result(part: _Part, origin: Origin, scan: Future[Scanned]) -> Scanned:
    """What came of a scan; OutOfTime where it hangs for longer than the function has."""
    try:
        return scan.result(timeout=part.seconds_left())
    except TimeoutError:
        return Scanned(failure(origin.account.account_id, origin.region, OutOfTimeError()))


def _disabled(account: Account, region: str) -> Outcome:
    message = "the account is disabled in config/accounts.yaml"
    return Outcome(account.account_id, region, SKIPPED, error_code="AccountDisabled", error_message=message)


def _accounts(configuration: Configuration, account_ids: Sequence[str] | None) -> list[Account]:
    """The accounts by their ids (None: all), each with regions."""
    wanted = configuration.accounts
    if account_ids is not None:
        wanted = tuple(_account(configuration, account_id) for account_id in account_ids)
    for account in wanted:
        if account.enabled and not account.regions:
            raise ConfigurationError(
                f"config/accounts.yaml: account {account.account_id} has no regions; name some, or set enabled to false"
            )
    return list(wanted)


def _account(configuration: Configuration, account_id: str) -> Account:
    account = configuration.account(account_id)
    if account is None:
        raise ConfigurationError(
            f"event field accounts names {account_id!r}, which config/accounts.yaml does not have; add it there and deploy"
        )
    return account
