"""A bill of one's own is found on disk and put back where its manifests say it was delivered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from infra.settings.load import load_settings
from lake.errors import ConfigurationError
from local.own_bill import find_bill
from tests.support.catalog import ROOT


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
    file.touch()
    assert (find_bill(file).format, find_bill(file).keys) == ("focus", {file: "bills/own/azure.csv.gz"})


def test_its_configuration_is_valid_and_holds_this_bill_alone(tmp_path: Path) -> None:
    folder = find_bill(export(tmp_path)).configure(ROOT / "config", tmp_path / "config")
    settings = load_settings(folder)
    assert [bill.name for bill in settings.bills.bills] == ["own"]
    assert settings.budgets.budgets == ()
    (bill,) = yaml.safe_load((folder / "bills.yaml").read_text())["bills"]
    assert bill == {"name": "own", "format": "cur2", "prefix": "exports/cur/", "bucket": "payer-bucket"}


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
        (lambda root: Path(__file__), "a FOCUS file ends with .csv, .csv.gz, .parquet"),
    ],
    ids=["no file", "no manifest", "a data file is missing", "no bill's ending"],
)
def test_what_is_no_bill_is_one_sentence(tmp_path: Path, make: object, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_bill(make(tmp_path))  # type: ignore[operator]
    assert words in str(caught.value)
