"""Reads a delivery as a whole: every row of every data file, into spools of days."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import ClientError

from collectors.bills import cur2, focus
from collectors.bills.charges import ChargeRows
from collectors.bills.days import DaySpools, total
from collectors.bills.deliveries import Delivery, is_overtaken
from collectors.bills.files import read_lines
from collectors.bills.manifests import data_files, overtaken
from collectors.bills.values import BillPlace
from lake.configuration import Configuration
from lake.lake import Lake

MAPPING_VERSION = 1
"""Raise it when a mapping gives other rows for the same bill: every delivery is then read again."""

FORMATS = {"cur2": cur2, "focus": focus}

_MISSING_CODES = {"404", "NoSuchKey"}


def version_of(delivery: Delivery, configuration: Configuration) -> str:
    """What a delivery's rows are made from: its objects, the mapping, and the settings that rows carry."""
    accounts = [(a.account_id, a.role, sorted(a.defaults.items())) for a in configuration.accounts]
    made_from = [
        delivery.key,
        sorted(delivery.etags.items()),
        delivery.own.modified.isoformat(),
        MAPPING_VERSION,
        sorted(configuration.grouping.items()),
        sorted(accounts, key=str),
    ]
    return hashlib.sha256(json.dumps(made_from, default=list).encode()).hexdigest()[:32]


def read(lake: Lake, delivery: Delivery, spools: DaySpools) -> None:
    """Spool every row of a delivery.

    Raises BillError where a file is wrong, or rows or dollars got lost on the way; RetriableError where a file was written
    again meanwhile.
    """
    table, mapping = lake.catalog.table("outlay.resource_events"), FORMATS[delivery.bill.format]
    scope = delivery.collector if mapping.MAY_REPEAT else delivery.bill.name
    rows_of = ChargeRows(table, lake.configuration, scope, delivery.own.modified, mapping.OWN_TAG_PREFIX, mapping.MAY_REPEAT)
    rows, value = 0, Decimal(0)
    for key in data_files(lake.s3, delivery):
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            place, path = BillPlace(delivery.bill.name, key), Path(folder) / "file"
            _download(lake, delivery, place, path)
            for at, lines in read_lines(path, place, mapping.COLUMNS):
                _refuse_other_currencies(lines.column(mapping.CURRENCY), mapping.CURRENCY, at)
                rows, value = rows + lines.num_rows, value + total(lines.column(mapping.COST))
                spools.append(rows_of.rows(mapping.charges_of(lines), mapping.TAGS, at))
                rows_of.repeats.refuse_equal(spools, is_complete=False)
    rows_of.repeats.refuse_equal(spools, is_complete=True)
    if is_overtaken(lake.s3, delivery):
        raise overtaken(delivery)
    kept_rows, kept_value = spools.rows.total(), sum(spools.value.values(), Decimal(0))
    if (kept_rows, kept_value) != (rows, value):
        problem = f"{rows} rows of {value} USD became {kept_rows} rows of {kept_value} USD"
        raise delivery.place.error(mapping.COST, problem, "nothing was published; this is a defect: report it")


def _download(lake: Lake, delivery: Delivery, place: BillPlace, path: Path) -> None:
    try:
        lake.s3.download_file(delivery.bucket, place.file, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_CODES:
            raise
        raise overtaken(delivery) from error


def _refuse_other_currencies(currencies: pa.ChunkedArray, name: str, place: BillPlace) -> None:
    is_other = pc.not_equal(currencies, "USD")
    if (row := pc.index(is_other, True).as_py()) >= 0:
        raise place.error(
            name,
            f"value {currencies[row].as_py()!r} is not USD",
            "have the bill delivered in USD: amounts are never converted",
            row,
        )
