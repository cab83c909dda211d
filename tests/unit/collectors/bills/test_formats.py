"""Files as providers write them: which format they are in, whatever their columns are called and their values look like."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from collectors.bills.formats import format_names, load_format, looks_like
from collectors.bills.tag_columns import TAGS
from collectors.bills.values import TEXT_MAP, stored_as
from lake.configuration import Bill
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
    total,
    with_bills,
)

MakeLake = Callable[..., Lake]
CUR1 = Bill("old", "cur1", "bills/old/")
CUR1_ROW = {
    "identity/LineItemId": "x1",
    "identity/TimeInterval": "2026-11-03T05:00:00Z/2026-11-03T06:00:00Z",
    "bill/BillingEntity": "AWS",
    "lineItem/LineItemType": "Usage",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageAccountId": "111111111111",
    "lineItem/UsageStartDate": "2026-11-03T05:00:00Z",
    "lineItem/UsageType": "BoxUsage",
    "lineItem/UsageAmount": "1.0000000000",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0.1250000000",
    "lineItem/ResourceId": "i-0123456789abcdef0",
    "product/region": "eu-west-1",
    "resourceTags/user:Customer": "acme",
    "resourceTags/user:environment": "",
    "costCategory/Env": "prod",
}


def deliver_cur1(lake: Lake, name: str, body: bytes, folder: str = "20261101-20261201/a1/") -> None:
    """A report of one data file, with its manifest beside the period and beside the assembly."""
    key = f"elsewhere/rep/{folder}{name}"
    manifest = json.dumps({"assemblyId": "a1", "reportKeys": [key], "bucket": "their-bucket"}).encode()
    put(lake, f"bills/old/rep/{folder}{name}", body)
    put(lake, "bills/old/rep/20261101-20261201/a1/rep-Manifest.json", manifest)
    put(lake, "bills/old/rep/20261101-20261201/rep-Manifest.json", manifest)


def zipped(text: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rep-1.csv", text)
    return sink.getvalue()


CUR1_FILES: dict[str, Callable[[bytes], bytes]] = {"rep-1.csv.gz": gzip.compress, "rep-1.zip": zipped, "rep-1.csv": bytes}


@pytest.mark.parametrize("name", CUR1_FILES)
def test_a_legacy_report_in_csv(make_lake: MakeLake, name: str) -> None:
    lake = with_bills(make_lake(), CUR1)
    deliver_cur1(lake, name, CUR1_FILES[name](csv_bytes(CUR1_ROW, CUR1_ROW | {"identity/LineItemId": "x2"})))
    done = run(lake)
    assert (done.failures, done.published) == ([], {"old.rep.2026-11": 2})
    row = seen(lake).to_pylist()[0]
    assert (row["value"], row["customer"], row["env"], row["aws_region"]) == (Decimal("0.125"), "acme", "prod", "eu-west-1")
    assert row["resource_arn"] == "arn:aws:ec2:eu-west-1:111111111111:instance/i-0123456789abcdef0"
    assert run(lake).unchanged == ["old.rep.2026-11"]


def test_a_legacy_report_in_parquet_whose_data_lie_by_year_and_month(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR1)
    few = cur_table([line(cost=2.5)]).drop(["resource_tags", "product", "cost_category", "discount"])
    wide = few.append_column("resource_tags_user_customer", pa.array(["acme"]))
    deliver_cur1(lake, "rep-00001.snappy.parquet", parquet(wide), "rep/year=2026/month=11/")
    assert run(lake).failures == []
    (row,) = seen(lake).to_pylist()
    assert (row["value"], row["customer"]) == (Decimal("2.5"), "acme")


@pytest.mark.parametrize("name", format_names())
def test_every_format_needs_three_columns_and_knows_its_own_names(name: str) -> None:
    read_as = load_format(name)
    names = [column.name for column in read_as.columns]
    assert {column.name for column in read_as.columns if column.is_required} == {
        read_as.cost,
        read_as.currency,
        read_as.time,
    }
    assert len(set(names)) == len(names)
    assert [read_as.canonical(own) for own in names] == names
    assert looks_like(names) in (name, "cur2"), "the reports of AWS share their names in Parquet"
    lines = pa.Table.from_arrays(
        [pa.nulls(0, stored_as(column.kind)) for column in read_as.columns] + [pa.array([], TEXT_MAP)], names=[*names, TAGS]
    )
    charges = read_as.charges_of(lines)
    assert {len(column) for column in (charges.identity, charges.time, charges.amortized, charges.net, charges.tags)} == {0}


def test_every_format_is_told_by_its_columns() -> None:
    assert format_names() == ("cur1", "cur2", "focus")
    assert looks_like(CUR1_ROW) == "cur1"
    assert looks_like(["line_item_unblended_cost", "resource_tags_user_name"]) == "cur1"
    assert looks_like(cur_table([]).column_names) == "cur2"
    assert looks_like([name.lower() for name in FOCUS_ROW]) == "focus"
    assert looks_like(["a", "b"]) is None


def test_a_file_of_another_format_is_told_with_what_to_set(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR, FOCUS)
    Export(lake).deliver(pa.Table.from_pylist([FOCUS_ROW]))
    put(lake, "bills/azure/aws.csv", csv_bytes(CUR1_ROW))
    told = " ".join(run(lake).failures)
    assert "is missing; the file looks like a FOCUS bill: set format: focus for this bill in config/bills.yaml" in told
    assert "the file looks like a legacy CUR 1 report: set format: cur1" in told


@pytest.mark.parametrize(
    ("bill", "right"), [(Bill("x", "cur1", "bills/aws/"), "cur2"), (Bill("x", "cur2", "bills/old/"), "cur1")]
)
def test_manifests_of_another_format_are_told_with_what_to_set(make_lake: MakeLake, bill: Bill, right: str) -> None:
    lake = with_bills(make_lake(), bill)
    if right == "cur2":
        Export(lake).deliver(cur_table([line()]))
    else:
        deliver_cur1(lake, "rep-1.csv", csv_bytes(CUR1_ROW))
    (failure,) = run(lake).failures
    assert f"{load_format(right).title} lies there: set format: {right}" in failure


FOCUS_FILES: dict[str, Callable[[dict[str, str]], bytes]] = {
    "upper case": lambda row: csv_bytes({name.upper(): value for name, value in row.items()}),
    "snake case": lambda row: csv_bytes(
        {"".join(f"_{c.lower()}" if c.isupper() else c for c in name)[1:]: value for name, value in row.items()}
    ),
    "mark of byte order": lambda row: b"\xef\xbb\xbf" + csv_bytes(row),
    "version 1.4": lambda row: csv_bytes(
        {("ServiceProviderName" if name == "ProviderName" else name): value for name, value in row.items()}
    ),
    "zone by name": lambda row: csv_bytes(row | {"ChargePeriodStart": "2026-11-02 03:00:00 UTC"}),
    "short offset": lambda row: csv_bytes(row | {"ChargePeriodStart": "2026-11-02 03:00:00.000000+00"}),
    "seven decimals": lambda row: csv_bytes(row | {"ChargePeriodStart": "2026-11-02T03:00:00.0000000Z"}),
    "tags as pairs": lambda row: csv_bytes(row | {"Tags": '[{"key": "env", "value": "prod"}]'}),
    "tags without braces": lambda row: csv_bytes(row | {"Tags": '"env": "prod"'}),
    "half a character": lambda row: csv_bytes(row | {"Tags": '{"env": "prod", "x": "\\ud800"}'}),
}


@pytest.mark.parametrize("case", FOCUS_FILES)
def test_the_same_bill_however_its_provider_writes_it(make_lake: MakeLake, case: str) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/a.csv", FOCUS_FILES[case](dict(FOCUS_ROW)))
    assert run(lake).failures == []
    (row,) = seen(lake).to_pylist()
    found = (row["value"], row["amortized_cost_usd"], row["provider"], row["service"], row["env"], row["event_time"].hour)
    assert found == (Decimal("1.5"), Decimal("1.25"), "Microsoft", "Storage", "prod", 3)


def test_amounts_and_times_as_bigquery_exports_them(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    row = {
        name: value
        for name, value in FOCUS_ROW.items()
        if name not in ("BilledCost", "EffectiveCost", "ChargePeriodStart", "Tags")
    }
    table = pa.Table.from_pylist([row])
    for name, kind in (("BilledCost", pa.decimal128(38, 9)), ("EffectiveCost", pa.decimal256(76, 38))):
        table = table.append_column(name, pa.array([Decimal("1.123456789")], kind))
    start = pa.array([1_793_584_800_000_000], pa.timestamp("us", "UTC"))
    put(lake, "bills/azure/gcp.parquet", parquet(table.append_column("ChargePeriodStart", start)))
    assert run(lake).failures == []
    assert total(seen(lake)) == total(seen(lake), "amortized_cost_usd") == Decimal("1.123456789")


def test_only_cost_currency_and_time_are_needed(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS, CUR)
    few = {name: FOCUS_ROW[name] for name in ("BilledCost", "BillingCurrency", "ChargePeriodStart")}
    put(lake, "bills/azure/few.csv", csv_bytes(few))
    nothing = dict.fromkeys(("identity_line_item_id", "line_item_line_item_type", "line_item_product_code"))
    Export(lake).deliver(cur_table([line(cost=2, line_item_usage_account_id="", line_item_usage_type="", **nothing)]))
    assert run(lake).failures == []
    assert total(seen(lake)) == Decimal("3.5")
    assert {(row["service"], row["aws_account_id"], row["usage_type"]) for row in seen(lake).to_pylist()} == {(None,) * 3}


REFUSED: dict[str, tuple[bytes, str]] = {
    "semicolons": (csv_bytes(FOCUS_ROW).replace(b'","', b'";"'), "is separated by semicolons"),
    "tabs": (csv_bytes(FOCUS_ROW).replace(b'","', b'"\t"').replace(b'"', b""), "is separated by tabs"),
    "UTF-16": (csv_bytes(FOCUS_ROW).decode().encode("utf-16"), "is encoded in UTF-16; save it as UTF-8"),
    "decimal comma": (csv_bytes(FOCUS_ROW | {"BilledCost": "1,50"}), "'1,50' is no number; use digits and a decimal point"),
    "thousands": (csv_bytes(FOCUS_ROW | {"BilledCost": "1,234.50"}), "'1,234.50' is no number"),
    "another zone": (csv_bytes(FOCUS_ROW | {"ChargePeriodStart": "2026-11-02 03:00:00 PST"}), "is no time"),
    "a column in two spellings": (csv_bytes(FOCUS_ROW | {"billedcost": "1"}), "column BilledCost: is there 2 times"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_have_to_be_guessed_is_refused(make_lake: MakeLake, case: str) -> None:
    body, words = REFUSED[case]
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/a.csv", body)
    (failure,) = run(lake).failures
    assert words in failure
    assert seen(lake).num_rows == 0


def test_shares_of_another_line_need_no_cost(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    lines: list[dict[str, Any]] = [line(cost=1), line(cost=None, line_item_currency_code=None)]  # type: ignore[arg-type]
    table = cur_table(lines).append_column("split_line_item_parent_resource_id", pa.array([None, "i-0"]))
    Export(lake).deliver(table)
    assert run(lake).failures == []
    assert (seen(lake).num_rows, total(seen(lake)), total(seen(lake), "amortized_cost_usd")) == (2, 1, 1)


def test_a_few_equal_lines_count_with_a_warning_and_a_whole_equal_file_is_refused(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    twice = line(cost=1)
    export.deliver(cur_table([twice, line(cost=1), twice]))
    done = run(lake)
    assert (done.failures, total(seen(lake))) == ([], 3)
    assert "1 of 3 charges come twice, equal in all that is kept of them, such as line" in done.warnings[0]
    assert len(set(seen(lake)["event_id"].to_pylist())) == 3
    assert run(lake).warnings == []
    file = cur_table([line(cost=1), line(cost=1)])
    export.deliver(file, cur_table([line(cost=1)]), file)
    (failure,) = run(lake).failures
    assert "as every charge of this file does" in failure
    assert total(seen(lake)) == 3
