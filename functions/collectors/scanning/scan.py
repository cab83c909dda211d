"""One scan: a collector over one unit of its scope, all or nothing, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import pyarrow as pa
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from collectors.scanning.event_rows import EventRows, OutsideItsDaysError
from collectors.scanning.events import Origin
from collectors.scanning.scope import Access
from lake.errors import RetriableError
from lake.outcomes import DENIED, FAILED, OK, SKIPPED, THROTTLED, Outcome

if TYPE_CHECKING:
    from collectors.scanning.declaration import Collector
    from lake.relations import Table

SPOOLED_ROWS = 2_000
"""Events that a scan holds in memory; more wait on disk until the scan has ended well."""

OUT_OF_TIME, OUTSIDE_ITS_DAYS = "OutOfTime", "OutsideItsDays"
AUTH_FAILURE = "AuthFailure"
"""EC2's answer where credentials are bad, and, word for word the same, where the account has not enabled the region."""
DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        AUTH_FAILURE,
        "Forbidden",
        "InvalidClientTokenId",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
SKIPPED_CODES = frozenset({"OptInRequired", "RegionDisabledException"})
"""The account has not enabled the region: there is nothing to find, and nothing to mend."""
ALWAYS_ENABLED = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "cn-north-1",
        "cn-northwest-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ]
)
"""Regions that nobody can disable. What AWS has opened since March 2019 must be enabled first, so none is ever added."""
THROTTLED_CODES = frozenset(
    {
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

logger = Logger(child=True)


class OutOfTimeError(RetriableError):
    """The function's time ran out before the scan ended; the next run scans again."""

    def __init__(self) -> None:
        super().__init__(
            "the function's time ran out before this scan ended; if it happens again, give the collect function more "
            "memory or time, or split the account's regions"
        )


@dataclass(frozen=True)
class Scanned:
    """How a scan ended, and where its rows wait; spool is None unless it brought any."""

    outcome: Outcome
    spool: Path | None = None

    def batches(self) -> Iterator[pa.Table]:
        """The rows, a batch at a time."""
        if self.spool is None:
            return
        with pa.OSFile(str(self.spool)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                yield pa.Table.from_batches([batch])

    def discard(self) -> None:
        """Remove the spool: its rows have been written."""
        if self.spool is not None:
            self.spool.unlink()


@dataclass(frozen=True)
class Scanner:
    """Runs one collector's scans; may be shared between threads.

    table is where the events will go, grouping which tags place them. in_time says whether there is still time to go on.
    Spools are left in folder for its owner to remove.
    """

    collector: Collector
    table: Table
    grouping: Mapping[str, tuple[str, ...]]
    folder: Path
    in_time: Callable[[], bool]

    def visit(self, origin: Origin, access: Future[Access]) -> Scanned:
        """Scan the origin's unit. Never raises: whatever goes wrong is the outcome, and then no rows are kept."""
        started = time.monotonic()
        try:
            count, spool = self._collect(origin, access)
        except Exception as error:
            outcome = failed_outcome(origin.account_id, origin.unit.place, error)
            if outcome.status == FAILED:
                logger.warning("scan failed", exc_info=error, extra=_place(outcome))
            return Scanned(replace(outcome, duration_ms=_since(started)))
        outcome = Outcome(origin.account_id, origin.unit.place, OK, count, _since(started))
        return Scanned(outcome, spool if count else None)

    def _collect(self, origin: Origin, access: Future[Access]) -> tuple[int, Path]:
        """Spool every event of the scan; returns how many rows there are and where."""
        if not self.in_time():
            raise OutOfTimeError
        rows, count = EventRows(self.table, self.grouping, origin, self.collector), 0
        events = self.collector.scan(access.result().session(), origin)
        with (
            NamedTemporaryFile(dir=self.folder, suffix=".arrow", delete=False) as file,
            ExitStack() as if_it_fails,
            pa.ipc.new_stream(file, self.table.arrow_schema) as spool,
        ):
            # What a failed scan has spooled would fill the disk for the scans after it.
            if_it_fails.callback(Path(file.name).unlink)
            for event in events:
                rows.append(event)
                if len(rows) >= SPOOLED_ROWS:
                    count += _flush(rows, spool)
                    if not self.in_time():
                        raise OutOfTimeError
            count += _flush(rows, spool)
            if_it_fails.pop_all()
        return count, Path(file.name)


def failed_outcome(account_id: str, region: str, error: BaseException) -> Outcome:
    """The outcome of a scan that error ended: denied, throttled, skipped or failed."""
    code, message = type(error).__name__, str(error) or repr(error)
    if isinstance(error, OutOfTimeError):
        code = OUT_OF_TIME
    elif isinstance(error, OutsideItsDaysError):
        code = OUTSIDE_ITS_DAYS
    elif isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", code)
    elif isinstance(error, KeyError):
        message = f"malformed answer: it lacks the field {message}"
    return Outcome(account_id, region, _status(code), error_code=code, error_message=message)


def without_disabled_regions(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of a part, in which a scan of a region that its account has not enabled is skipped, not denied.

    AuthFailure means a disabled region only if the same credentials worked in another region of the account during this run,
    and this region can be disabled. Otherwise the credentials may be bad, so the scan stays denied.
    """
    good = {outcome.aws_account_id: outcome.aws_region for outcome in outcomes if outcome.status == OK}
    return [
        replace(
            outcome,
            status=SKIPPED,
            error_message=f"{outcome.aws_account_id} has not enabled {outcome.aws_region}: its credentials are good in "
            f"{good[outcome.aws_account_id]} and not there; enable the region, or take it out of config/accounts.yaml",
        )
        if outcome.error_code == AUTH_FAILURE and outcome.aws_account_id in good and outcome.aws_region not in ALWAYS_ENABLED
        else outcome
        for outcome in outcomes
    ]


def _status(code: str) -> str:
    for status, codes in ((DENIED, DENIED_CODES), (SKIPPED, SKIPPED_CODES), (THROTTLED, THROTTLED_CODES)):
        if code in codes:
            return status
    return FAILED


def _flush(rows: EventRows, spool: pa.ipc.RecordBatchStreamWriter) -> int:
    table = rows.table()
    spool.write_table(table)
    return int(table.num_rows)


def _since(started: float) -> int:
    """Milliseconds since started, a reading of time.monotonic()."""
    return round((time.monotonic() - started) * 1000)


def _place(outcome: Outcome) -> dict[str, str]:
    return {"account": outcome.aws_account_id, "region": outcome.aws_region}
