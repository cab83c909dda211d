"""Deliveries: what lies under a bill's prefix and is complete, as one unit that is published or not.

An AWS Data Export delivers a billing period's data files, and then its manifest:

    <export>/data/BILLING_PERIOD=2026-11/[<time>-<execution>/]<export>-00001.snappy.parquet
    <export>/metadata/BILLING_PERIOD=2026-11/[<time>-<execution>/]<export>-Manifest.json

The folder of the execution is there where the export keeps every report (create new), and not where it overwrites. The
newest manifest of a period is its delivery; what no manifest lists is not read. A FOCUS file directly under the prefix is a
delivery of its own; written again under its name, it is restated.
Source: AWS Data Exports, "Understanding export delivery".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from collectors.aws.bill_values import Place
from lake.configuration import Bill

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILE_ENDINGS = (".parquet", ".csv", ".csv.gz")
_MANIFEST = re.compile(
    r"(?P<folder>(?:[^/]+/)*?)metadata/BILLING_PERIOD=(?P<period>\d{4}-\d{2})/(?:[^/]+/)?(?P<export>[^/]+)-Manifest\.json",
    re.I,
)
_DATA = re.compile(r"(?:.*/)?(?P<data>data/BILLING_PERIOD=.+)", re.I)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Delivery:
    """One delivery of a bill. key is its manifest's, or the file's own; etag changes with every new one.

    export (behind the folders that tell it from another of its name) and period name it in collector_runs; collector is its
    partition of resource_events, which no other delivery has.
    """

    bill: Bill
    bucket: str
    key: str
    etag: str
    delivered: datetime
    export: str
    period: str
    collector: str
    folder: str | None = None

    @property
    def place(self) -> Place:
        """The delivery's own object, for errors."""
        return Place(self.bill.name, self.key)


def deliveries(s3: S3Client, bill: Bill, bucket: str) -> list[Delivery]:
    """The deliveries that stand under a bill's prefix, newest period first."""
    newest: dict[str, Delivery] = {}
    for found in _objects(s3, bucket, bill.prefix):
        delivery = _delivery(bill, bucket, found)
        if delivery is None:
            continue
        rival = newest.get(delivery.collector)
        if rival is None or (delivery.delivered, delivery.key) > (rival.delivered, rival.key):
            newest[delivery.collector] = delivery
    return sorted(newest.values(), key=lambda delivery: (delivery.period, delivery.collector), reverse=True)


def data_files(s3: S3Client, delivery: Delivery) -> list[str]:
    """Keys of the files that make up a delivery, as its manifest lists them.

    Raises BillError for a manifest that is no manifest, lists nothing or a file twice, and for a file that is no bill.
    """
    place = delivery.place
    if delivery.folder is None:
        if not delivery.key.endswith(FILE_ENDINGS):
            raise place.error(None, f"is neither of {', '.join(FILE_ENDINGS)}", "move it out of the bill's prefix")
        return [delivery.key]
    body = s3.get_object(Bucket=delivery.bucket, Key=delivery.key)["Body"].read()
    try:
        listed = json.loads(body).get("dataFiles")
    except (ValueError, AttributeError):
        raise place.error(None, "is no JSON object", "it is damaged: have the bill delivered again") from None
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        remedy = "a manifest of a Data Export lists its files there: have the bill delivered again"
        raise place.error("dataFiles", f"is {str(listed)[:80]!r}", remedy)
    keys = [_key(name, delivery.folder) for name in listed]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise place.error("dataFiles", f"lists {key} twice", "its charges would count twice: have it delivered again")
        if not key.endswith(FILE_ENDINGS) or (delivery.bill.format == "cur2" and not key.endswith(".parquet")):
            raise place.error("dataFiles", f"lists {key}", "choose Parquet as the export's file format")
    return keys


def _delivery(bill: Bill, bucket: str, found: dict[str, Any]) -> Delivery | None:
    """The delivery that an object is or completes; None for one that is read as part of another, or not at all."""
    name = found["Key"].removeprefix(bill.prefix)
    stamp = (bucket, found["Key"], found["ETag"], found["LastModified"])
    if match := _MANIFEST.fullmatch(name):
        folder, period, export = match["folder"], match["period"], match["export"]
        path = [part for part in folder.split("/") if part and part != export]
        collector = ".".join([bill.name, *map(_safe, [*path, export]), period])
        return Delivery(bill, *stamp, "/".join([*path, export]), period, collector, f"{bill.prefix}{folder}")
    if bill.format == "focus" and name and "/" not in name:
        return Delivery(bill, *stamp, name, "", f"{bill.name}.{_safe(name)}")
    return None


def _key(listed: str, folder: str) -> str:
    """The key of a data file beside its manifest, so that an export copied to another bucket can be read there."""
    match = _DATA.fullmatch(listed)
    return folder + match["data"] if match else re.sub(r"s3://[^/]+/", "", listed)


def _safe(name: str) -> str:
    """A name as it can stand in a partition; one that must change gets a digest, so that no two become one."""
    safe = _UNSAFE.sub("_", name)
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            yield dict(found)
