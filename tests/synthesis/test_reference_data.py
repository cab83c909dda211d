"""sql/<database>/data/*.csv is read strictly: a wrong value is named with its line, column and what would be right."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from collectors.scanning.discovery import collectors
from infra.catalog_parser import parse_catalog
from infra.deployment import Deployment
from infra.settings.load import load_settings
from infra.stacks.lake import LakeStack
from infra.synthesis import new_app
from lake.catalog import Catalog
from lake.configuration import Configuration, Notifications
from lake.errors import ConfigurationError
from schema.reference_tables import FROM_CONFIGURATION, reference_tables
from schema.state import Change, changes, schema_state
from tests.support.catalog import ROOT
from tests.synthesis.templates import Assembly

TABLE = """-- What one row is.
-- grain:     sku, since
-- retention: forever
create external table prices (
    sku       string        comment 'Id',
    since     date          comment 'Since',
    usd       decimal(6,2)  comment 'Price in USD',
    small     int           comment 'Small',
    units     bigint        comment 'Units',
    share     double        comment 'Share',
    is_listed boolean       comment 'Listed',
    seen_at   timestamp     comment 'Seen, UTC'
)
stored as parquet
"""
NESTED = TABLE.replace("small     int    ", "small     array<int>")
PARTITIONED = TABLE.replace("-- retention", "-- partition: day\n-- retention").replace(
    "stored as", "partitioned by (day date comment 'Day')\nstored as"
)
HEADER = "sku,since,usd,small,units,share,is_listed,seen_at"
ROW = "a,2026-11-01,1.50,7,9000000000,0.5,true,2026-11-20 09:00:00"
CSV = f"{HEADER}\n{ROW}\n"
BUDGETS = (ROOT / "sql/outlay/tables/budget_rules.sql").read_text(encoding="utf-8")


def write(sql: Path, csv: str | bytes, table: str = TABLE, name: str = "prices", file: str = "") -> Path:
    """A folder sql/ with one table and the CSV that fills it."""
    for folder in ("tables", "data"):
        (sql / "outlay" / folder).mkdir(parents=True, exist_ok=True)
    (sql / "outlay/tables" / f"{name}.sql").write_text(table, encoding="utf-8")
    content = csv if isinstance(csv, bytes) else csv.encode()
    (sql / "outlay/data" / (file or f"{name}.csv")).write_bytes(content)
    return sql


VALUES = {
    "int": ("small", "2147483648", "whole number, -2147483648 to 2147483647"),
    "int with a fraction": ("small", "7.0", "whole number"),
    "int with a space": ("small", " 7", "whole number"),
    "bigint": ("units", "9223372036854775808", "whole number, -9223372036854775808"),
    "bigint in digits of another script": ("units", "\u0663", "whole number"),
    "endless bigint": ("units", "9" * 5000, "whole number"),
    "double": ("share", "nan", "write a number such as 0.25"),
    "double beyond range": ("share", "1e999", "write a number such as 0.25"),
    "decimal's scale": ("usd", "1.505", "at most 4 digits before the point and 2 after it"),
    "decimal's precision": ("usd", "10000", "at most 4 digits before the point and 2 after it"),
    "decimal's exponent": ("usd", "1e2", "without an exponent"),
    "boolean": ("is_listed", "yes", "write true or false"),
    "date": ("since", "2026-02-30", "write a day such as 2026-11-20"),
    "date without dashes": ("since", "20261101", "write a day such as 2026-11-20"),
    "timestamp": ("seen_at", "2026-11-20T09:00:00Z", "write a time in UTC such as"),
    "timestamp in microseconds": ("seen_at", "2026-11-20 09:00:00.123456", "write a time in UTC such as"),
}


@pytest.mark.parametrize(("column", "value", "remedy"), VALUES.values(), ids=VALUES.keys())
def test_a_wrong_value_is_named_with_file_line_column_and_remedy(
    column: str, value: str, remedy: str, tmp_path: Path
) -> None:
    right = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    wrong = ",".join((right | {column: value}).values())
    with pytest.raises(ConfigurationError) as caught:
        parse_catalog(write(tmp_path, f"{HEADER}\nb,2026-11-01,,,,,,\n{wrong}\n"))
    assert str(caught.value).startswith(f"sql/outlay/data/prices.csv:3: column {column!r} is {value!r}, which is no ")
    assert remedy in str(caught.value)


FILES = {
    "empty file": ("", {}, "prices.csv:1: column 'sku' is missing; the header names each column of outlay.prices once"),
    "unknown column": (CSV.replace("units", "unit"), {}, "prices.csv:1: 'unit' is no column"),
    "column missing": ("sku,since\n", {}, "prices.csv:1: column 'usd' is missing"),
    "column twice": (CSV.replace("units", "small"), {}, "prices.csv:1: column 'small' stands there 2 times"),
    "too few values": (CSV + "b,2026-11-01\n", {}, "prices.csv:3: has 2 values where the header has 8"),
    "too many values": (CSV.replace("1.50", "1,50"), {}, "prices.csv:2: has 9 values where the header has 8; quote"),
    "empty line": (f"{HEADER}\n\n{ROW}\n", {}, "prices.csv:2: has 0 values"),
    "same grain": (CSV + ROW + "\n", {}, "prices.csv:3: sku 'a', since '2026-11-01' stands in line 2, too"),
    "no grain": (CSV.replace("\na,", "\n,"), {}, "prices.csv:2: column 'sku' is empty; it is part of the table's grain"),
    "line behind a value of two": (
        f'{HEADER}\n"a\nb",2026-11-01,,,,,,\nc,x,,,,,,\n',
        {},
        "prices.csv:4: column 'since' is 'x'",
    ),
    "open quote": (CSV + '"b,', {}, "prices.csv:3: cannot be read as CSV: unexpected end of data"),
    "other encoding": (CSV.replace("\na,", "\nä,").encode("latin-1"), {}, "prices.csv: byte 50 is no UTF-8"),
    "nested type": (CSV, {"table": NESTED}, "prices.csv:2: column 'small' is '7', which is no array<int>; no text stands"),
    "no table": (CSV, {"file": "price.csv"}, "price.csv: sql/ declares no table 'outlay.price'; add sql/outlay/tables/"),
    "partitioned": (
        CSV,
        {"table": PARTITIONED},
        "prices.csv: outlay.prices is partitioned, a reference table is one object",
    ),
    "from config": (
        "rule_id\n",
        {"table": BUDGETS, "name": "budget_rules"},
        "budget_rules.csv: outlay.budget_rules is filled from",
    ),
    "no CSV": (CSV, {"file": "prices.tsv"}, "prices.tsv: is no <table>.csv"),
}


@pytest.mark.parametrize("wrong", FILES.values(), ids=FILES.keys())
def test_a_wrong_file_is_refused(wrong: tuple[str | bytes, dict[str, str], str], tmp_path: Path) -> None:
    csv, other, words = wrong
    with pytest.raises(ConfigurationError, match="^sql/outlay/data/" + re.escape(words)):
        parse_catalog(write(tmp_path, csv, **other))


def test_a_csv_for_a_table_that_a_rollup_fills_is_refused(tmp_path: Path) -> None:
    rollup = (
        "-- Prices.\n-- parameters: first_day\n-- reads: source\n-- checks: unique(sku, since)\n"
        "select sku, since, usd, small, units, share, is_listed, seen_at, cast(? as date) as day\nfrom source\n"
    )
    write(tmp_path, CSV, PARTITIONED)
    (tmp_path / "outlay/rollups").mkdir()
    (tmp_path / "outlay/rollups/prices.sql").write_text(rollup, encoding="utf-8")
    (tmp_path / "outlay/tables/source.sql").write_text(TABLE.replace("table prices", "table source"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^sql/outlay/data/prices\.csv: outlay\.prices is filled by its rollup"):
        parse_catalog(tmp_path)


def test_rows_travel_as_text_whatever_the_order_of_columns_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    csv = '\ufeffsince,sku,usd,small,units,share,is_listed,seen_at\r\n2026-11-01,"a, ""b""\nc",,,,,,\r\n'
    catalog = parse_catalog(write(tmp_path, csv))
    row = dict.fromkeys(HEADER.split(",")) | {"sku": 'a, "b"\nc', "since": "2026-11-01"}
    assert catalog.reference_rows == {"outlay.prices": (row,)}
    assert Catalog.from_json(catalog.to_json()) == catalog
    assert parse_catalog(write(tmp_path, f"{HEADER}\n")).reference_rows == {"outlay.prices": ()}


def test_the_schema_step_may_write_a_csvs_table_and_is_told_its_digest(tmp_path: Path) -> None:
    catalog = parse_catalog(write(Path(shutil.copytree(ROOT / "sql", tmp_path / "sql")), CSV))
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "empty").touch()
    app = new_app(tmp_path / "out")
    LakeStack(app, Deployment(load_settings(ROOT / "config"), catalog, tmp_path / "asset"), collectors().values())
    assembly = Assembly.read(Path(app.synth().directory))
    assert "lake/tables/outlay/prices/*" in assembly.allowed("schema", "s3:PutObject")
    digests = assembly.one("Custom::OutlaySchema", "Lake")["ReferenceTables"]
    assert digests.keys() == {*FROM_CONFIGURATION, "outlay.prices"}


def test_a_changed_row_changes_its_own_tables_digest_alone(tmp_path: Path) -> None:
    configuration = Configuration((), {}, (), (), Notifications("#costs"))
    states = []
    for csv in (CSV, CSV, CSV.replace("1.50", "1.60")):
        catalog = parse_catalog(write(tmp_path, csv))
        states.append(schema_state(catalog, reference_tables(catalog, configuration, "")))
    assert changes(states[0], states[1]) == []
    assert changes(states[1], states[2]) == [Change("outlay.prices", "reference", "changed")]
    assert states[0]["Version"] == states[1]["Version"] != states[2]["Version"]
