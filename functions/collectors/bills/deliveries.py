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
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from collectors.bills.values import BillPlace
from lake.configuration import Bill

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SETTLING = timedelta(hours=1)
"""How long data that is newer than its manifest is waited for. A copied bill has its files in any order, and never a newer
manifest: from then on it is taken as it is."""

FILE_ENDINGS = (".parquet", ".csv", ".csv.gz")

_PERIOD = r"BILLING_PERIOD=(?P<period>\d{4}-\d{2})/(?:(?P<execution>[^/]+)/)?"
_MANIFEST = re.compile(rf"(?P<folder>(?:[^/]+/)*?)metadata/{_PERIOD}(?P<export>[^/]+)-Manifest\.json", re.I)
_DATA = re.compile(rf"(?P<folder>(?:[^/]+/)*?)data/{_PERIOD}[^/]+", re.I)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it."""

    key: str
    etag: str
    modified: datetime
    size: int


@dataclass(frozen=True)
class Delivery:
    """One delivery of a bill. own is its manifest, or the file itself; files is its data.

    export (behind the folders that tell it from another of its name) and period name it in collector_runs; collector is its
    partition of resource_events, which no other delivery has. folder is the export's, None for a file.
    """

    bill: Bill
    bucket: str
    own: Stored
    files: tuple[Stored, ...]
    export: str
    period: str
    collector: str
    folder: str | None = None

    @property
    def key(self) -> str:
        """The key of its own object."""
        return self.own.key

    @property
    def place(self) -> BillPlace:
        """The delivery's own object, for errors."""
        return BillPlace(self.bill.name, self.key)

    @property
    def etags(self) -> dict[str, str]:
        """Every object that it is made of, by key: another delivery has others."""
        return {stored.key: stored.etag for stored in (self.own, *self.files)}

    @property
    def size(self) -> int:
        """Bytes of its data."""
        return sum(file.size for file in self.files)

    def unfinished(self, now: datetime) -> str | None:
        """Why it must not be read yet: AWS writes the manifest last, so newer data is the next delivery's. Else None."""
        newest = max(self.files, key=lambda file: file.modified, default=self.own)
        until = newest.modified + SETTLING
        if newest.modified <= self.own.modified or now >= until:
            return None
        return (
            f"bill {self.bill.name}, file {self.key}: {newest.key} is newer, so the next delivery is under way; "
            f"it is read when its manifest is there, or at {until:%Y-%m-%d %H:%M} UTC if none comes"
        )


@dataclass(frozen=True)
class Listing:
    """What lies under a bill's prefix: so many objects; what is delivered, newest period first; and the keys of strays.

    A stray is a bill's file, by its name, that belongs to no delivery. Data without a manifest is one after SETTLING only.
    """

    objects: int
    deliveries: list[Delivery]
    strays: list[str]


def deliveries(s3: S3Client, bill: Bill, bucket: str, now: datetime) -> Listing:
    """What lies under a bill's prefix."""
    objects = list(_objects(s3, bucket, bill.prefix))
    data = _data(bill, objects)
    newest: dict[str, Delivery] = {}
    for found in objects:
        delivery = _delivery(bill, bucket, found, data)
        if delivery is None:
            continue
        rival = newest.get(delivery.collector)
        if rival is None or (delivery.own.modified, delivery.key) > (rival.own.modified, rival.key):
            newest[delivery.collector] = delivery
    standing = sorted(newest.values(), key=lambda delivery: (delivery.period, delivery.collector), reverse=True)
    return Listing(len(objects), standing, _strays(bill, objects, standing, now))


def is_overtaken(s3: S3Client, delivery: Delivery) -> bool:
    """Whether an object of the delivery has been written again, or removed, since it was listed."""
    now = {stored.key: stored.etag for stored in _objects(s3, delivery.bucket, delivery.folder or delivery.key)}
    return any(now.get(key) != etag for key, etag in delivery.etags.items())


_Data = dict[tuple[str, str, str], list[Stored]]
"""Data files by folder of the export, period and execution ("" where the export overwrites)."""


def _data(bill: Bill, objects: list[Stored]) -> _Data:
    found: _Data = defaultdict(list)
    for stored in objects:
        if match := _DATA.fullmatch(stored.key.removeprefix(bill.prefix)):
            found[match["folder"], match["period"], match["execution"] or ""].append(stored)
    return found


def _delivery(bill: Bill, bucket: str, found: Stored, data: _Data) -> Delivery | None:
    """The delivery that an object is or completes; None for one that is read as part of another, or not at all."""
    name = found.key.removeprefix(bill.prefix)
    if match := _MANIFEST.fullmatch(name):
        folder, period, export = match["folder"], match["period"], match["export"]
        executions = {"", match["execution"] or ""}
        files = tuple(stored for execution in sorted(executions) for stored in data.get((folder, period, execution), ()))
        path = [part for part in folder.split("/") if part and part != export]
        collector = ".".join([bill.name, *map(_safe, [*path, export]), period])
        return Delivery(bill, bucket, found, files, "/".join([*path, export]), period, collector, f"{bill.prefix}{folder}")
    if bill.format == "focus" and name and "/" not in name:
        return Delivery(bill, bucket, found, (found,), name, "", f"{bill.name}.{_safe(name)}")
    return None


def _strays(bill: Bill, objects: list[Stored], found: Collection[Delivery], now: datetime) -> list[str]:
    own = {delivery.key for delivery in found}
    periods = {(delivery.folder, delivery.period) for delivery in found}
    strays = []
    for stored in objects:
        is_read = stored.key in own or not stored.key.lower().endswith(FILE_ENDINGS)
        if match := _DATA.fullmatch(stored.key.removeprefix(bill.prefix)):
            is_settled = now - stored.modified >= SETTLING
            is_read = is_read or not is_settled or (f"{bill.prefix}{match['folder']}", match["period"]) in periods
        if not is_read:
            strays.append(stored.key)
    return strays


def _safe(name: str) -> str:
    """A name as it can stand in a partition; one that must change gets a digest, so that no two become one."""
    safe = _UNSAFE.sub("_", name)
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[Stored]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            yield Stored(found["Key"], found["ETag"], found["LastModified"], found["Size"])
