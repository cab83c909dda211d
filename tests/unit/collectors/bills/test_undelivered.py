"""A bill that finds nothing says so: quietly where that may be right, as a failure where files lie that it does not read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from lake.configuration import Bill
from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    Export,
    csv_bytes,
    cur_table,
    let_pass,
    line,
    parquet,
    put,
    run,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.conftest import rows

MakeLake = Callable[..., Lake]


def told(lake: Lake) -> dict[str, Any]:
    """The one outcome of the run."""
    (outcome,) = rows(lake, "collector_runs")
    return outcome


@pytest.mark.parametrize(
    ("bill", "looked_for"), [(CUR, "<export>/metadata/BILLING_PERIOD=…"), (FOCUS, "files directly under it")]
)
def test_a_new_bill_that_nothing_was_delivered_to_is_told_without_an_alarm(
    make_lake: MakeLake, bill: Bill, looked_for: str
) -> None:
    lake = with_bills(make_lake(), bill)
    put(lake, f"{bill.prefix}harbor/aws-test-object", b"")
    done = run(lake)
    assert done.failures == []
    outcome = told(lake)
    assert (outcome["status"], outcome["error_code"], outcome["aws_account_id"]) == (
        "skipped",
        "NothingDelivered",
        bill.name,
    )
    place = f"bill {bill.name}: nothing is delivered under s3://{lake.environment.bucket}/{bill.prefix}"
    for words in (place, looked_for, "other objects there: 1", "up to a day", "config/bills.yaml"):
        assert words in outcome["error_message"]


STRAYS = {
    "a FOCUS file in a subfolder": (FOCUS, "bills/azure/2026/november.csv", csv_bytes(FOCUS_ROW)),
    "a legacy report": (CUR, "bills/aws/harbor/20261101-20261201/harbor-1.snappy.parquet", parquet(cur_table([line()]))),
    "data without its folders": (CUR, "bills/aws/BILLING_PERIOD=2026-11/a.PARQUET", b""),
}


@pytest.mark.parametrize("case", STRAYS)
def test_files_that_are_not_read_are_a_failure(make_lake: MakeLake, case: str) -> None:
    bill, key, body = STRAYS[case]
    lake = with_bills(make_lake(), bill)
    put(lake, key, body)
    (failure,) = run(lake).failures
    assert f"1 file is ignored, such as {key}" in failure
    assert (told(lake)["status"], told(lake)["error_code"]) == ("failed", "NothingDelivered")


def test_a_first_delivery_waits_for_its_manifest_and_is_a_failure_if_none_comes(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]), with_manifest=False)
    assert run(lake).failures == []
    let_pass(lake, timedelta(hours=1), under=CUR.prefix)
    (failure,) = run(lake).failures
    assert "harbor/data/BILLING_PERIOD=2026-11/harbor-00001.snappy.parquet" in failure


def test_a_focus_file_in_a_subfolder_beside_others_is_told_and_the_others_are_read(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/october.csv", csv_bytes(FOCUS_ROW))
    put(lake, "bills/azure/new/november.csv", csv_bytes(FOCUS_ROW | {"BilledCost": "2"}))
    (failure,) = run(lake).failures
    assert "bill azure: 1 file is ignored, such as bills/azure/new/november.csv" in failure
    assert str(total(seen(lake))).startswith("1.5")


def test_what_an_export_leaves_behind_is_no_failure(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake, keeps_all=True)
    export.deliver(cur_table([line()]), cur_table([line()]))
    export.deliver(cur_table([line()]))
    export.deliver(cur_table([line()]), with_manifest=False)
    put(lake, "bills/aws/recommendations/data/date=2026-11-01/other-export.csv.gz", b"")
    let_pass(lake, timedelta(days=1))
    assert run(lake).failures == []


def test_what_a_focus_export_has_superseded_is_no_failure(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    export, table = Export(lake, FOCUS, keeps_all=True), pa.Table.from_pylist([FOCUS_ROW])
    export.deliver(table)
    let_pass(lake, timedelta(days=1))
    export.deliver(table)
    assert run(lake).failures == []
