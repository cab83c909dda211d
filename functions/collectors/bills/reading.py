"""Reads the data files of a delivery, row by row, into spools of days; and says when there is too little time for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from botocore.exceptions import ClientError

from collectors.bills.charges import ChargeRows
from collectors.bills.days import DaySpools, total
from collectors.bills.deliveries import Delivery, is_overtaken
from collectors.bills.exchange import in_usd
from collectors.bills.files import read_lines, row_count
from collectors.bills.formats import load_format
from collectors.bills.manifests import overtaken
from collectors.bills.repeats import Repeats
from collectors.bills.sketches import DaySketches
from collectors.bills.values import BillPlace
from lake.errors import RetriableError
from lake.event_ids import Identities
from lake.lake import Lake

MS_A_ROW = 0.03
"""What reading and writing a row takes at most, on the function's two cores; measured: a third of it."""
MOST_ROWS = 24_000_000
"""Rows of one data file, or of one delivery that is not read in parts, that a run has time for."""
ENDING_MS = 45_000
"""Kept back for writing the outcomes."""

_MISSING_CODES = {"404", "NoSuchKey"}


class NoTimeError(RetriableError):
    """The function has too little time left for a data file; a later run reads it. is_begun: it has read a part of it."""

    def __init__(self, place: BillPlace, is_begun: bool = False) -> None:
        self.is_begun = is_begun
        super().__init__(f"bill {place.bill}, file {place.file}: this run has too little time left; a later one reads it")


@dataclass
class WhatWasRead:
    """What the rows of a delivery were made from, and what is noteworthy about them.

    accounts and currencies are those that occur in it. sketches are filled where a format's lines have no ids. repeated is
    the sentence about equal lines, where there are some.
    """

    accounts: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    sketches: DaySketches = field(default_factory=DaySketches)
    repeated: str | None = None


class Reader:
    """Reads the files of one delivery, each into spools, counting rows and dollars on both sides.

    remaining_ms is what the function has left. what is filled as files are read.
    """

    def __init__(self, lake: Lake, delivery: Delivery, remaining_ms: Callable[[], int]) -> None:
        self._lake, self._delivery, self._remaining_ms = lake, delivery, remaining_ms
        self._format = read_as = load_format(delivery.bill.format)
        scope = delivery.bill.name if read_as.has_line_ids else delivery.collector
        self._rows_of = ChargeRows(
            lake.catalog.table("outlay.resource_events"),
            lake.configuration,
            scope,
            delivery.own.modified,
            read_as.own_tag_prefix,
            read_as.has_line_ids,
        )
        self._rows, self._value = 0, Decimal(0)
        self._is_in_parts = False
        self.what = WhatWasRead(accounts=self._rows_of.accounts)

    @property
    def identities(self) -> Identities:
        """Which identities have come."""
        return self._rows_of.identities

    def read_file(self, key: str, spools: DaySpools) -> None:
        """Spool the rows of one data file.

        Raises BillError where it is wrong, RetriableError where it was written again meanwhile, and NoTimeError.
        """
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            place, path = BillPlace(self._delivery.bill.name, key), Path(folder) / "file"
            _download(self._lake, self._delivery, place, path)
            self._refuse_endless(path, place)
            repeats, rows_before = self._rows_of.repeats.count, self._rows
            for at, billed in read_lines(path, place, self._format):
                self._spool(billed, at, spools)
                if self._remaining_ms() < ENDING_MS:
                    raise NoTimeError(place, is_begun=True)
        if self._rows - rows_before == self._rows_of.repeats.count - repeats:
            self._rows_of.repeats.refuse_file(spools, key, self._is_in_parts)

    def check(self, spools: DaySpools) -> None:
        """Raise BillError where rows are doubled, or rows or dollars got lost between the files and the spools."""
        self.what.repeated = self._rows_of.repeats.told(spools, self._rows)
        kept_rows, kept_value = spools.rows.total(), sum(spools.value.values(), Decimal(0))
        if (kept_rows, kept_value) != (self._rows, self._value):
            problem = f"{self._rows} rows of {self._value} USD became {kept_rows} rows of {kept_value} USD"
            remedy = "nothing was published; this is a defect: report it"
            raise self._delivery.place.error(self._format.cost, problem, remedy)

    def begin_part(self) -> None:
        """Count anew: what was read so far has been checked and written."""
        self._is_in_parts = True
        self._rows, self._value = 0, Decimal(0)
        self._rows_of.repeats = Repeats()
        self._rows_of.accounts.clear()
        self.what.currencies.clear()

    def _spool(self, billed: pa.Table, at: BillPlace, spools: DaySpools) -> None:
        read_as = self._format
        self.what.currencies.update(billed.column(read_as.currency).unique().to_pylist())
        lines, original = in_usd(billed, read_as, self._lake.configuration.exchange_rates, at)
        self._rows, self._value = self._rows + lines.num_rows, self._value + total(lines.column(read_as.cost))
        charges = read_as.charges_of(lines)
        if self._delivery.folder is None:
            self.what.sketches.add(charges)
        charges = replace(charges, properties={**charges.properties, **original})
        spools.append(self._rows_of.rows(charges, at))
        self._rows_of.repeats.refuse_most(spools, self._rows)

    def _refuse_endless(self, path: Path, place: BillPlace) -> None:
        """A small file may hold any number of equal rows: its footer says how many, before any of them is read."""
        rows = row_count(path, place)
        if rows is None:
            return
        if rows > MOST_ROWS:
            problem = f"holds {rows:,} rows, and one run reads {MOST_ROWS:,}"
            raise place.error(None, problem, "have the bill delivered in more files, or daily, not hourly")
        if self._rows + rows > MOST_ROWS or rows * MS_A_ROW > self._remaining_ms() - ENDING_MS:
            # With files that were read already, this delivery is more than a run should give it.
            raise NoTimeError(place, is_begun=self._rows > 0)


def refuse_overtaken(lake: Lake, delivery: Delivery) -> None:
    """Raise RetriableError where an object of the delivery was written again while it was read."""
    if is_overtaken(lake.s3, delivery):
        raise overtaken(delivery)


def _download(lake: Lake, delivery: Delivery, place: BillPlace, path: Path) -> None:
    try:
        lake.s3.download_file(delivery.bucket, place.file, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_CODES:
            raise
        raise overtaken(delivery) from error
