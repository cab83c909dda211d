"""Reads a delivery as a whole: every row of every data file, into spools of days."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import ClientError

from collectors.bills.charges import ChargeRows
from collectors.bills.days import DaySpools, total
from collectors.bills.deliveries import Delivery, is_overtaken
from collectors.bills.exchange import in_usd
from collectors.bills.files import read_lines
from collectors.bills.formats import load_format
from collectors.bills.manifests import data_files, overtaken
from collectors.bills.sketches import DaySketches
from collectors.bills.values import BillPlace
from lake.lake import Lake

_MISSING_CODES = {"404", "NoSuchKey"}


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


def read(lake: Lake, delivery: Delivery, spools: DaySpools) -> WhatWasRead:
    """Spool every row of a delivery.

    Raises BillError where a file is wrong, or rows or dollars got lost on the way; RetriableError where a file was written
    again meanwhile.
    """
    reader = _Reader(lake, delivery, spools)
    for key in data_files(lake.s3, delivery):
        reader.read_file(key)
    return reader.end()


class _Reader:
    """Reads the files of one delivery into its spools, counting rows and dollars on both sides."""

    def __init__(self, lake: Lake, delivery: Delivery, spools: DaySpools) -> None:
        self._lake, self._delivery, self._spools = lake, delivery, spools
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
        self._read = WhatWasRead(accounts=self._rows_of.accounts)

    def read_file(self, key: str) -> None:
        """Spool the rows of one data file."""
        read_as, rates = self._format, self._lake.configuration.exchange_rates
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            place, path = BillPlace(self._delivery.bill.name, key), Path(folder) / "file"
            _download(self._lake, self._delivery, place, path)
            repeats, rows_before = self._rows_of.repeats.count, self._rows
            for at, billed in read_lines(path, place, read_as):
                self._read.currencies.update(billed.column(read_as.currency).unique().to_pylist())
                lines, original = in_usd(billed, read_as, rates, at)
                self._rows, self._value = self._rows + lines.num_rows, self._value + total(lines.column(read_as.cost))
                charges = read_as.charges_of(lines)
                self._read.sketches.add(charges)
                charges = replace(charges, properties={**charges.properties, **original})
                self._spools.append(self._rows_of.rows(charges, at))
                self._rows_of.repeats.refuse_most(self._spools, self._rows)
        if self._rows - rows_before == self._rows_of.repeats.count - repeats:
            self._rows_of.repeats.refuse_file(self._spools, key)

    def end(self) -> WhatWasRead:
        """Check that nothing is doubled, was lost or written again meanwhile."""
        self._read.repeated = self._rows_of.repeats.told(self._spools, self._rows)
        if is_overtaken(self._lake.s3, self._delivery):
            raise overtaken(self._delivery)
        kept_rows, kept_value = self._spools.rows.total(), sum(self._spools.value.values(), Decimal(0))
        if (kept_rows, kept_value) != (self._rows, self._value):
            problem = f"{self._rows} rows of {self._value} USD became {kept_rows} rows of {kept_value} USD"
            remedy = "nothing was published; this is a defect: report it"
            raise self._delivery.place.error(self._format.cost, problem, remedy)
        return self._read


def _download(lake: Lake, delivery: Delivery, place: BillPlace, path: Path) -> None:
    try:
        lake.s3.download_file(delivery.bucket, place.file, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_CODES:
            raise
        raise overtaken(delivery) from error
