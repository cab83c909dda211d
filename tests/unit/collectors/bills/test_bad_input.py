"""Bills that cannot be read: one error each, with file, column, value and remedy, and nothing published."""

import gzip
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    Export,
    csv_bytes,
    cur_table,
    line,
    parquet,
    put,
    run,
    seen,
    with_bills,
)

MakeLake = Callable[..., Lake]
DATA = "bills/aws/harbor/data/BILLING_PERIOD=2026-11/harbor-00001.snappy.parquet"
MANIFEST = "bills/aws/harbor/metadata/BILLING_PERIOD=2026-11/harbor-Manifest.json"
COST = "line_item_unblended_cost"


def retyped(name: str, kind: pa.DataType) -> pa.Table:
    table = cur_table([line()])
    index = table.column_names.index(name)
    return table.set_column(index, name, pa.nulls(1, kind).fill_null(1))


YEAR_1 = datetime(1, 1, 1)  # noqa: DTZ001
LINES: dict[str, tuple[pa.Table, tuple[str, ...]]] = {
    "needed column missing": (cur_table([line()]).drop([COST]), (DATA, COST, "is missing", "add the column")),
    "column retyped": (retyped("line_item_product_code", pa.int64()), ("line_item_product_code", "holds int64", "text")),
    "map retyped": (retyped("resource_tags", pa.int64()), ("resource_tags", "holds int64", "map<string,string>")),
    "other currency": (
        cur_table([line(), line(line_item_currency_code="EUR")]),
        ("row 2", "line_item_currency_code", "'EUR'", "USD"),
    ),
    "no charge period": (
        cur_table([line(line_item_usage_start_date=None)]),
        ("row 1", "line_item_usage_start_date", "is empty", "delivered again"),
    ),
    "no cost": (cur_table([line(), line(cost=None)]), ("row 2", COST, "is empty", "delivered again")),  # type: ignore[arg-type]
    "NaN": (cur_table([line(cost=float("nan"))]), ("row 1", COST, "'nan'", "finite")),
    "infinity": (cur_table([line(cost=float("-inf"))]), ("row 1", COST, "'-inf'", "finite")),
    "more than all money": (cur_table([line(cost=1e17)]), ("row 1", COST, "'1e+17'", "below 1E+16")),
    "year 1": (
        cur_table([line(), line(line_item_usage_start_date=YEAR_1)]),
        ("row 2", "line_item_usage_start_date", "0001-01-01", "between the years 2000 and 2100"),
    ),
}


def refused(lake: Lake, *words: str) -> str:
    """The one failure of a run that publishes nothing, which has all the words in it."""
    (failure,) = run(lake).failures
    assert [word for word in words if word not in failure] == []
    assert seen(lake).num_rows == 0
    return failure


@pytest.mark.parametrize("case", LINES)
def test_wrong_line_items(make_lake: MakeLake, case: str) -> None:
    table, words = LINES[case]
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(table)
    refused(lake, "bill aws", *words)


MANIFESTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "no JSON": (b"{", ("is no JSON object",)),
    "a list": (b"[]", ("is no JSON object",)),
    "no files": (b'{"executionId": "1"}', ("dataFiles", "is 'None'")),
    "nothing listed": (b'{"dataFiles": []}', ("dataFiles", "is '[]'")),
    "a missing file": (f'{{"dataFiles": ["s3://b/{DATA[:-15]}2.parquet"]}}'.encode(), ("dataFiles", "not there")),
    "a file twice": (f'{{"dataFiles": ["s3://b/{DATA}", "s3://c/{DATA}"]}}'.encode(), ("dataFiles", "twice")),
    "CSV": (b'{"dataFiles": ["s3://b/x/data/BILLING_PERIOD=2026-11/x.csv.gz"]}', ("choose Parquet",)),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_wrong_manifests(make_lake: MakeLake, case: str) -> None:
    body, words = MANIFESTS[case]
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]))
    put(lake, MANIFEST, body)
    refused(lake, "bill aws", MANIFEST, *words)


WHOLE = parquet(cur_table([line() for _ in range(200)]))
DAMAGED = {
    "truncated": WHOLE[:-100],
    "empty": b"",
    "overwritten in the middle": WHOLE[:200] + b"\xff" * (len(WHOLE) - 4_000) + WHOLE[-3_800:],
    "no Parquet": b"line_item_unblended_cost\n1.5\n",
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files(make_lake: MakeLake, case: str) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]))
    put(lake, DATA, DAMAGED[case])
    refused(lake, "bill aws", DATA, "cannot be read", "have the bill delivered again")


def test_a_compression_that_the_functions_cannot_read(make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's layer has a pyarrow without zstd; this one has it, and says here what that one would."""

    def refuse(*_: Any, **__: Any) -> None:
        raise pa.ArrowNotImplementedError("Support for codec 'zstd' not built")

    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]))
    monkeypatch.setattr("collectors.bills.files.pq.ParquetFile.iter_batches", refuse)
    refused(lake, "bill aws", DATA, "codec 'zstd' not built", "as Parquet with snappy or gzip")


FILES: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "needed column missing": (
        "a.csv",
        csv_bytes({key: cell for key, cell in FOCUS_ROW.items() if key != "BilledCost"}),
        ("column BilledCost", "is missing"),
    ),
    "column twice": ("a.csv", csv_bytes(FOCUS_ROW).replace(b"EffectiveCost", b"BilledCost"), ("BilledCost", "2 times")),
    "other currency": ("a.csv", csv_bytes(FOCUS_ROW | {"BillingCurrency": "EUR"}), ("BillingCurrency", "'EUR'", "USD")),
    "no number": (
        "a.csv",
        csv_bytes(FOCUS_ROW | {"BilledCost": "1,50"}),
        ("row 1", "BilledCost", "'1,50'", "decimal point"),
    ),
    "NaN": ("a.csv", csv_bytes(FOCUS_ROW, FOCUS_ROW | {"BilledCost": "NaN"}), ("row 2", "BilledCost", "'NaN'", "finite")),
    "no charge period": ("a.csv", csv_bytes(FOCUS_ROW | {"ChargePeriodStart": "NULL"}), ("ChargePeriodStart", "is empty")),
    "another calendar": (
        "a.csv",
        csv_bytes(FOCUS_ROW, FOCUS_ROW, FOCUS_ROW | {"ChargePeriodStart": "11/2/2026"}),
        ("row 3", "ChargePeriodStart", "11/2/2026", "ISO 8601"),
    ),
    "tags no JSON": ("a.csv", csv_bytes(FOCUS_ROW | {"Tags": "a=b"}), ("row 1", "column Tags", "'a=b'", '{"key": "value"}')),
    "cut in a row": ("a.csv", csv_bytes(FOCUS_ROW, FOCUS_ROW)[:-60], ("a.csv", "cannot be read")),
    "cut gzip": ("a.csv.gz", gzip.compress(csv_bytes(FOCUS_ROW))[:-12], ("a.csv.gz", "cannot be read")),
    "no gzip": ("a.csv.gz", csv_bytes(FOCUS_ROW), ("a.csv.gz", "cannot be read")),
    "not UTF-8": ("a.csv", csv_bytes(FOCUS_ROW | {"ServiceName": "Speicher für"}).decode().encode("latin-1"), ("a.csv",)),
    "empty": ("a.csv", b"", ("BilledCost", "is missing")),
    "no bill": ("notes.txt", b"hello", ("notes.txt", "neither", ".parquet")),
    "ids as numbers": (
        "a.parquet",
        parquet(pa.Table.from_pylist([FOCUS_ROW | {"SubAccountId": 123}])),  # type: ignore[dict-item]
        ("SubAccountId", "holds int64", "text"),
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_wrong_files(make_lake: MakeLake, case: str) -> None:
    name, body, words = FILES[case]
    lake = with_bills(make_lake(), FOCUS)
    put(lake, f"bills/azure/{name}", body)
    refused(lake, "bill azure", f"bills/azure/{name}", *words)


def test_a_bad_restatement_leaves_what_was_published(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]))
    run(lake)
    export.deliver(cur_table([line(cost=2)]), cur_table([line(cost=3)]).drop([COST]))
    assert run(lake).failures
    assert seen(lake)["value"].to_pylist() == [1]
