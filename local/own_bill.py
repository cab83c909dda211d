"""Brings a bill of the user's own into the embedded S3 exactly as its provider would have delivered it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from collectors.bills.deliveries import FILE_ENDINGS
from collectors.bills.files import column_names, read_lines
from collectors.bills.formats import format_names, load_format, looks_like
from collectors.bills.layouts import DATA_EXPORT, LEGACY_REPORT, Layout
from collectors.bills.values import BillPlace
from lake.errors import BillError, ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BILL = "own"
PREFIX = f"bills/{BILL}/"
_MANIFEST = re.compile(r"-Manifest\.json", re.I)


@dataclass(frozen=True)
class OwnBill:
    """A bill on disk: its format, and what must be put where. keys are object keys by file, in the order of delivery.

    made are objects that the provider would have written and the user lacks, by key: they come last.
    """

    format: str
    keys: dict[Path, str]
    prefix: str
    bucket: str | None = None
    made: dict[str, bytes] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it was taken for, for people."""
        return load_format(self.format).title

    def configure(self, source: Path, target: Path) -> Path:
        """A settings folder in target for this bill alone: source's deployment and grouping, no accounts, no rules."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        bill: dict[str, Any] = {"name": BILL, "format": self.format, "prefix": self.prefix}
        _write(target / "bills.yaml", {"bills": [bill | ({"bucket": self.bucket} if self.bucket else {})]})
        _write(target / "accounts.yaml", {"accounts": []})
        _write(target / "budgets.yaml", {"budgets": []})
        deployment = yaml.safe_load((target / "deployment.yaml").read_text(encoding="utf-8"))
        _write(target / "deployment.yaml", deployment | {"account": "111111111111", "region": "us-east-1"})
        return target

    def deliver(self, s3: S3Client, lake_bucket: str) -> int:
        """Put every file, manifests last; returns how many of the user's."""
        if self.bucket:
            s3.create_bucket(Bucket=self.bucket)
        for path, key in self.keys.items():
            s3.upload_file(str(path), self.bucket or lake_bucket, key)
        for key, body in self.made.items():
            s3.put_object(Bucket=self.bucket or lake_bucket, Key=key, Body=body)
        return len(self.keys)


def find_bill(path: Path) -> OwnBill:
    """The bill at path: an export's or a report's folder with manifests, a folder of FOCUS files, or one file.

    Its format is told by its columns. Raises ConfigurationError where there is none, or a manifest names a file that the
    folder lacks.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise ConfigurationError(f"BILL={path}: there is no such file or folder; give a bill's path")
    if not path.name.lower().endswith(FILE_ENDINGS):
        endings = ", ".join(FILE_ENDINGS)
        raise ConfigurationError(f"BILL={path}: a FOCUS file ends with {endings}; a CUR 2.0 export is a folder")
    name = _format_of(path, [path])
    return OwnBill(name, {path: f"{PREFIX}{path.name}"}, PREFIX) if load_format(name).takes_files else _lone(path, name)


def _format_of(given: Path, files: Iterable[Path], columns: Sequence[str] = ()) -> str:
    """The format of files, by the first one's columns, or by those that a manifest names."""
    first = next(iter(files))
    found = looks_like(columns)
    if found is None:
        try:
            names = column_names(first, BillPlace(BILL, first.name))
        except BillError as error:
            raise ConfigurationError(f"BILL={given}: {error}") from None
        found = looks_like(names)
        if found is None:
            shown = ", ".join(names[:5]) or "none"
            raise ConfigurationError(
                f"BILL={given}: {first.name} is no bill that is known: its columns are {shown}, …; a FOCUS file has "
                "BilledCost, a CUR 2.0 export line_item_unblended_cost, a legacy CUR 1 report lineItem/UnblendedCost"
            )
    return found


def _lone(path: Path, name: str) -> OwnBill:
    """One data file of an export or a report, with the manifest that AWS would have written."""
    read_as, place = load_format(name), BillPlace(BILL, path.name)
    try:
        first = next((lines for _, lines in read_lines(path, place, read_as) if lines.num_rows), None)
    except BillError as error:
        raise ConfigurationError(f"BILL={path}: {error}") from None
    if first is None:
        raise ConfigurationError(f"BILL={path}: has no lines; give a bill with some")
    month = first.column(read_as.time)[0].as_py().strftime("%Y-%m")
    if read_as.layout is DATA_EXPORT:
        data, metadata = (f"{PREFIX}export/{kind}/BILLING_PERIOD={month}/" for kind in ("data", "metadata"))
    else:
        data = metadata = f"{PREFIX}export/{month.replace('-', '')}01-{month.replace('-', '')}28/"
    key = f"{data}{path.name}"
    manifest = json.dumps({read_as.layout.list_field: [f"s3://{BILL}/{key}" if read_as.layout is DATA_EXPORT else key]})
    return OwnBill(name, {path: key}, PREFIX, made={f"{metadata}export-Manifest.json": manifest.encode()})


def _folder(folder: Path) -> OwnBill:
    """An export or a report by its manifests, where there are some; else FOCUS files that lie directly in the folder."""
    found = [path for path in sorted(folder.rglob("*.json")) if _MANIFEST.search(path.name)]
    for layout in (DATA_EXPORT, LEGACY_REPORT):
        manifests = [path for path in found if layout.manifest_of(path.relative_to(folder.parent).as_posix())]
        if manifests:
            return _export(folder, manifests, layout)
    files = [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(FILE_ENDINGS)]
    if not files or not load_format(name := _format_of(folder, files)).takes_files:
        raise ConfigurationError(
            f"BILL={folder}: no metadata/BILLING_PERIOD=…/<export>-Manifest.json below it; give the export's own folder, "
            "with data/ and metadata/, one file, or a folder of FOCUS files"
        )
    return OwnBill(name, {path: f"{PREFIX}{path.name}" for path in files}, PREFIX)


def _export(folder: Path, manifests: Sequence[Path], layout: Layout) -> OwnBill:
    """An export or a report, put back under the keys that its manifests name."""
    keys: dict[Path, str] = {}
    columns: set[str] = set()
    base = bucket = ""
    for manifest in manifests:
        described = json.loads(manifest.read_text(encoding="utf-8"))
        columns |= {str(column.get("name", "")) for column in described.get("columns", []) if "category" not in column}
        root = _root(folder, manifest, layout)
        for uri in described[layout.list_field]:
            key = uri.removeprefix("s3://").partition("/")[2] if uri.startswith("s3://") else uri
            bucket = uri.removeprefix("s3://").partition("/")[0] if uri.startswith("s3://") else described.get("bucket", "")
            match = layout.within.fullmatch(key)
            relative = match["data"] if match else key
            base = key.removesuffix(relative)
            local = root / relative
            if not local.is_file():
                raise ConfigurationError(f"BILL={folder}: {manifest.name} lists {uri}, and {local} is not there")
            keys[local] = key
        keys[manifest] = f"{base}{manifest.relative_to(root).as_posix()}"
    prefix = f"{base.rstrip('/').rpartition('/')[0]}/" if "/" in base.rstrip("/") else ""
    if not prefix:
        raise ConfigurationError(f"BILL={folder}: the export lies at the top of its bucket; deliver it under a prefix")
    in_order = {path: keys[path] for path in sorted(keys, key=lambda path: path.suffix == ".json")}
    data = [path for path in in_order if path.suffix != ".json"]
    laid_out_so = [name for name in format_names() if load_format(name).layout is layout]
    name = laid_out_so[0] if len(laid_out_so) == 1 else _format_of(folder, data, sorted(columns))
    return OwnBill(name, in_order, prefix, bucket or None)


def _root(folder: Path, manifest: Path, layout: Layout) -> Path:
    """The folder of the export that a manifest belongs to, as it lies on disk."""
    found = layout.manifest_of(manifest.relative_to(folder.parent).as_posix())
    return folder.parent / found.folder if found else folder


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
