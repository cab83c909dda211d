"""A bill of one's own is found on disk and put back where its manifests say it was delivered."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

from infra.settings.load import load_settings
from lake.errors import ConfigurationError
from local.own_bill import find_bill
from tests.support.catalog import ROOT
from tests.unit.collectors.bills.bill_builder import FOCUS_ROW, csv_bytes, cur_table, line, parquet


def export(root: Path, columns: tuple[str, ...] = ("line_item_unblended_cost",), version: str = "") -> Path:
    """An export of two months as Data Exports lays it out; version adds the folder of a new report for each delivery."""
    folder = root / "harbor"
    for period in ("2026-10", "2026-11"):
        place = f"BILLING_PERIOD={period}/{version}"
        data = folder / "data" / place / "harbor-00001.snappy.parquet"
        data.parent.mkdir(parents=True)
        data.write_bytes(b"rows")
        manifest = folder / "metadata" / place / "harbor-Manifest.json"
        manifest.parent.mkdir(parents=True)
        files = [f"s3://payer-bucket/exports/cur/harbor/data/{place}harbor-00001.snappy.parquet"]
        manifest.write_text(json.dumps({"dataFiles": files, "columns": [{"name": name} for name in columns]}))
    return folder


@pytest.mark.parametrize("version", ["", "20261120T090000Z-1/"], ids=["overwritten", "a new version each time"])
def test_an_export_is_put_back_under_its_own_keys_manifests_last(tmp_path: Path, version: str) -> None:
    bill = find_bill(export(tmp_path, version=version))
    assert (bill.format, bill.bucket, bill.prefix) == ("cur2", "payer-bucket", "exports/cur/")
    keys = list(bill.keys.values())
    assert keys[:2] == [
        f"exports/cur/harbor/data/BILLING_PERIOD={period}/{version}harbor-00001.snappy.parquet"
        for period in ("2026-10", "2026-11")
    ]
    assert keys[2:] == [
        f"exports/cur/harbor/metadata/BILLING_PERIOD={period}/{version}harbor-Manifest.json"
        for period in ("2026-10", "2026-11")
    ]


def test_the_folder_above_the_export_will_do(tmp_path: Path) -> None:
    export(tmp_path)
    assert find_bill(tmp_path).keys.keys() == find_bill(tmp_path / "harbor").keys.keys()


def test_a_focus_export_is_told_by_its_columns_and_a_file_by_its_name(tmp_path: Path) -> None:
    assert find_bill(export(tmp_path, ("BilledCost",))).format == "focus"
    file = tmp_path / "azure.csv.gz"
    file.write_bytes(gzip.compress(csv_bytes(FOCUS_ROW)))
    assert (find_bill(file).format, find_bill(file).keys) == ("focus", {file: "bills/own/azure.csv.gz"})


def test_its_configuration_is_valid_and_holds_this_bill_alone(tmp_path: Path) -> None:
    folder = find_bill(export(tmp_path)).configure(ROOT / "config", tmp_path / "config")
    settings = load_settings(folder)
    assert [bill.name for bill in settings.bills.bills] == ["own"]
    assert settings.budgets.budgets == ()
    (bill,) = yaml.safe_load((folder / "bills.yaml").read_text())["bills"]
    assert bill == {"name": "own", "format": "cur2", "prefix": "exports/cur/", "bucket": "payer-bucket"}


def written(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def test_a_legacy_report_is_told_by_its_manifests(tmp_path: Path) -> None:
    period = tmp_path / "rep" / "20261101-20261201"
    written(period / "a1" / "rep-1.csv", b"identity/LineItemId,lineItem/UnblendedCost\nx,1\n")
    manifest = {
        "bucket": "theirs",
        "reportKeys": ["exports/rep/20261101-20261201/a1/rep-1.csv"],
        "columns": [{"category": "lineItem", "name": "UnblendedCost"}],
    }
    written(period / "rep-Manifest.json", json.dumps(manifest).encode())
    for folder in (tmp_path, tmp_path / "rep"):
        bill = find_bill(folder)
        assert (bill.format, bill.bucket, bill.prefix) == ("cur1", "theirs", "exports/")
        assert list(bill.keys.values()) == [
            "exports/rep/20261101-20261201/a1/rep-1.csv",
            "exports/rep/20261101-20261201/rep-Manifest.json",
        ]


def test_a_file_alone_gets_the_manifest_that_its_format_needs(tmp_path: Path) -> None:
    bill = find_bill(written(tmp_path / "x.snappy.parquet", parquet(cur_table([line(month=10)]))))
    assert (bill.format, bill.title) == ("cur2", "a CUR 2.0 export")
    data = "bills/own/export/data/BILLING_PERIOD=2026-10/x.snappy.parquet"
    assert list(bill.keys.values()) == [data]
    assert {key: json.loads(body) for key, body in bill.made.items()} == {
        "bills/own/export/metadata/BILLING_PERIOD=2026-10/export-Manifest.json": {"dataFiles": [f"s3://own/{data}"]}
    }


def test_a_folder_of_focus_files_is_one_bill(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        written(tmp_path / name, csv_bytes(FOCUS_ROW))
    bill = find_bill(tmp_path)
    assert (bill.format, sorted(bill.keys.values())) == ("focus", ["bills/own/a.csv", "bills/own/b.csv"])


def missing_data(root: Path) -> Path:
    folder = export(root)
    next(folder.glob("data/**/*.parquet")).unlink()
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: root / "nothing", "there is no such file or folder"),
        (lambda root: root, "no metadata/BILLING_PERIOD=…/<export>-Manifest.json below it"),
        (missing_data, "is not there"),
        (lambda root: Path(__file__), "a FOCUS file ends with .parquet, .csv, .csv.gz, .zip"),
        (lambda root: written(root / "x.csv", b"a,b\n1,2\n"), "x.csv is no bill that is known: its columns are a, b, …"),
        (lambda root: written(root / "x.parquet", b"nothing"), "x.parquet: cannot be read"),
        (lambda root: written(root / "x.csv", b"a;b;c\n1;2;3\n"), "is separated by semicolons"),
    ],
    ids=["no file", "no manifest", "a data file is missing", "no bill's ending", "no bill", "damaged", "semicolons"],
)
def test_what_is_no_bill_is_one_sentence(tmp_path: Path, make: object, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_bill(make(tmp_path))  # type: ignore[operator]
    assert words in str(caught.value)
