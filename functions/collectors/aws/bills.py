"""Bills: every delivery that is not published yet is read as a whole, checked, and published as cost events by day.

Which ones there are is read from S3, which ones are published from Glue: a run that was killed leaves nothing visible, the
same delivery twice is published once, and a restated one replaces the earlier. A bill that cannot be read is an outcome
(collector_runs: the bill as collector, export as account, billing period as region) and stops no other. One that has
shrunk is published, since what is delivered counts, and its outcome says so.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from collectors.aws import cur2, focus
from collectors.aws.bill_days import DaySpools, total
from collectors.aws.bill_files import read_lines
from collectors.aws.bill_publishing import Published, publish
from collectors.aws.bill_values import Place
from collectors.aws.charges import ChargeRows
from collectors.aws.manifests import Delivery, data_files, deliveries
from collectors.parts import Lake
from collectors.scanning import failure
from lake.configuration import Bill, Configuration
from lake.errors import BillError, OutlayError, RetriableError
from lake.runs import DENIED, OK, Outcome, record_outcomes

MAPPING_VERSION = 1
"""Raise it when a mapping gives other rows for the same bill: every delivery is then read again."""

FORMATS = {"cur2": cur2, "focus": focus}
BEGIN_MS = 60_000
"""No further delivery is begun with less time left than this."""

SHRUNKEN = "Shrunken"
"""Error code of a delivery that was published, and has at most half the rows of the one before it."""

logger = Logger(child=True)

_MISSING_CODES = {"404", "NoSuchKey"}


@dataclass
class BillRun:
    """What a run did. is_complete: nothing was left for the next run for want of time."""

    published: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    shrunken: list[str] = field(default_factory=list)
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
    """The outcome of a delivery that is published, now or before."""
    version = _version(delivery, lake.configuration)
    warn = partial(_warned, delivery, published.rows_before(delivery.collector, version))
    rows = published.rows(delivery.collector, version)
    if rows is not None:
        run.unchanged.append(delivery.collector)
        return warn(rows)
    with TemporaryDirectory(prefix="outlay-bill-") as folder:
        spools = DaySpools(Path(folder))
        _read(lake, delivery, spools)
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


def _read(lake: Lake, delivery: Delivery, spools: DaySpools) -> None:
    """Spool every row of a delivery. Raises BillError where a file is wrong, or rows or dollars got lost on the way."""
    table, mapping = lake.catalog.table("resource_events"), FORMATS[delivery.bill.format]
    scope = delivery.collector if mapping.MAY_REPEAT else delivery.bill.name
    rows_of = ChargeRows(table, lake.configuration, scope, delivery.delivered, mapping.OWN_TAG_PREFIX, mapping.MAY_REPEAT)
    rows, value = 0, Decimal(0)
    for key in data_files(lake.s3, delivery):
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            place, path = Place(delivery.bill.name, key), Path(folder) / "file"
            _download(lake, delivery, place, path)
            for at, lines in read_lines(path, place, mapping.COLUMNS):
                _refuse_other_currencies(lines.column(mapping.CURRENCY), mapping.CURRENCY, at)
                rows, value = rows + lines.num_rows, value + total(lines.column(mapping.COST))
                spools.append(rows_of.rows(mapping.charges_of(lines), mapping.TAGS, at))
    _refuse_overtaken(lake, delivery)
    kept_rows, kept_value = spools.rows.total(), sum(spools.value.values(), Decimal(0))
    if (kept_rows, kept_value) != (rows, value):
        problem = f"{rows} rows of {value} USD became {kept_rows} rows of {kept_value} USD"
        raise delivery.place.error(mapping.COST, problem, "nothing was published; this is a defect: report it")


def _download(lake: Lake, delivery: Delivery, place: Place, path: Path) -> None:
    try:
        lake.s3.download_file(delivery.bucket, place.file, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_CODES:
            raise
        problem = f"lists {place.file}, which is not there"
        raise delivery.place.error("dataFiles", problem, "have the bill delivered again") from error


def _refuse_other_currencies(currencies: pa.ChunkedArray, name: str, place: Place) -> None:
    is_other = pc.not_equal(currencies, "USD")
    if (row := pc.index(is_other, True).as_py()) >= 0:
        raise place.error(
            name,
            f"value {currencies[row].as_py()!r} is not USD",
            "have the bill delivered in USD: amounts are never converted",
            row,
        )


def _refuse_overtaken(lake: Lake, delivery: Delivery) -> None:
    """Raise RetriableError where a newer delivery has come meanwhile: files of both may have been read."""
    now = lake.s3.head_object(Bucket=delivery.bucket, Key=delivery.key)["ETag"]
    if now != delivery.etag:
        raise RetriableError(
            f"bill {delivery.bill.name}, file {delivery.key}: was delivered again while it was read; nothing was published, "
            "the next run reads it"
        )


def _version(delivery: Delivery, configuration: Configuration) -> str:
    """What a delivery's rows are made from: the delivery, the mapping, and the settings that rows carry."""
    accounts = [(a.account_id, a.role, sorted(a.defaults.items())) for a in configuration.accounts]
    made_from = [
        delivery.key,
        delivery.etag,
        delivery.delivered.isoformat(),
        MAPPING_VERSION,
        sorted(configuration.grouping.items()),
        sorted(accounts, key=str),
    ]
    return hashlib.sha256(json.dumps(made_from, default=list).encode()).hexdigest()[:32]


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
