"""Brings a bill of the user's own into the embedded S3 exactly as its provider would have delivered it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lake.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BILL = "own"
FOCUS_ENDINGS = (".csv", ".csv.gz", ".parquet")
MANIFESTS = "**/metadata/BILLING_PERIOD=*/**/*-Manifest.json"


@dataclass(frozen=True)
class OwnBill:
    """A bill on disk: its format, and what must be put where. keys are object keys by file, in the order of delivery."""

    format: str
    keys: dict[Path, str]
    prefix: str
    bucket: str | None = None

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
        """Put every file, manifests last; returns how many."""
        if self.bucket:
            s3.create_bucket(Bucket=self.bucket)
        for path, key in self.keys.items():
            s3.upload_file(str(path), self.bucket or lake_bucket, key)
        return len(self.keys)


def find_bill(path: Path) -> OwnBill:
    """The bill at path: a CUR 2.0 or FOCUS export folder with manifests, or one FOCUS file.

    Raises ConfigurationError where there is none, or a manifest names a file that the folder lacks.
    """
    if path.is_dir():
        return _export(path)
    if not path.is_file():
        raise ConfigurationError(f"BILL={path}: there is no such file or folder; give a bill's path")
    if not path.name.lower().endswith(FOCUS_ENDINGS):
        endings = ", ".join(FOCUS_ENDINGS)
        raise ConfigurationError(f"BILL={path}: a FOCUS file ends with {endings}; a CUR 2.0 export is a folder")
    return OwnBill("focus", {path: f"bills/{BILL}/{path.name}"}, f"bills/{BILL}/")


def _export(folder: Path) -> OwnBill:
    """An export as Data Exports lays it out, put back under the keys that its manifests name."""
    manifests = sorted(folder.glob(MANIFESTS)) or sorted(folder.parent.glob(f"{folder.name}/metadata/**/*-Manifest.json"))
    if not manifests:
        raise ConfigurationError(
            f"BILL={folder}: no metadata/BILLING_PERIOD=…/<export>-Manifest.json below it; give the export's own folder, "
            "with data/ and metadata/"
        )
    keys: dict[Path, str] = {}
    columns: set[str] = set()
    base = bucket = ""
    for manifest in manifests:
        described = json.loads(manifest.read_text(encoding="utf-8"))
        columns |= {str(column.get("name", "")) for column in described.get("columns", [])}
        root = manifest.parents[len(manifest.parts) - 1 - manifest.parts.index("metadata")]
        for uri in described["dataFiles"]:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            base, _, relative = key.partition("/data/")
            local = root / "data" / relative
            if not local.is_file():
                raise ConfigurationError(f"BILL={folder}: {manifest.name} lists {uri}, and {local} is not there")
            keys[local] = key
        keys_of_manifest = f"{base}/metadata/{manifest.relative_to(root / 'metadata').as_posix()}"
        keys[manifest] = keys_of_manifest
    prefix = f"{base.rpartition('/')[0]}/" if "/" in base else ""
    if not prefix:
        raise ConfigurationError(f"BILL={folder}: the export lies at the top of its bucket; deliver it under a prefix")
    in_order = {path: keys[path] for path in sorted(keys, key=lambda path: path.suffix == ".json")}
    is_focus = "BilledCost" in columns
    return OwnBill("focus" if is_focus else "cur2", in_order, prefix, bucket)


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
