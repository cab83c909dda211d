"""Delivers the demo's bill to S3 exactly as AWS Data Exports does: data files first, then the period's manifest.

Layout: <prefix><export>/data/BILLING_PERIOD=YYYY-MM/<export>-00001.snappy.parquet and
<prefix><export>/metadata/BILLING_PERIOD=YYYY-MM/<export>-Manifest.json, with overwritten reports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from lake.ids import stable_id
from local.demo.company import CENTRAL

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPORT = "harbor"
ROW_GROUP = 50_000


@dataclass(frozen=True)
class ExportRun:
    """What was put into the bucket: the manifests' keys by billing period, and how much."""

    manifests: Mapping[str, str]
    line_items: int
    bytes: int


def deliver(s3: S3Client, bucket: str, prefix: str, tables: Mapping[date, pa.Table], export: str = EXPORT) -> ExportRun:
    """Put every period's data file, then its manifest. prefix is empty or ends with a slash."""
    manifests, size = {}, 0
    for period, table in tables.items():
        name = f"BILLING_PERIOD={period:%Y-%m}"
        key, body = f"{prefix}{export}/data/{name}/{export}-00001.snappy.parquet", _parquet(table)
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        manifest = f"{prefix}{export}/metadata/{name}/{export}-Manifest.json"
        s3.put_object(Bucket=bucket, Key=manifest, Body=_manifest(bucket, key, period, table, export))
        manifests[f"{period:%Y-%m}"], size = manifest, size + len(body)
    return ExportRun(manifests, sum(len(table) for table in tables.values()), size)


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy", row_group_size=ROW_GROUP)
    return bytes(sink.getvalue())


def _manifest(bucket: str, key: str, period: date, table: pa.Table, export: str) -> bytes:
    execution = stable_id("demo export", export, period, len(table))
    return json.dumps(
        {
            "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{CENTRAL.account_id}:export/{export}-{execution[:8]}",
            "executionId": execution,
            "createdAt": datetime.now(UTC).isoformat(timespec="seconds"),
            "dataFiles": [f"s3://{bucket}/{key}"],
            "columns": [{"name": column.name, "type": str(column.type)} for column in table.schema],
        }
    ).encode()
