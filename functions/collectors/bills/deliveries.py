"""Deliveries: what lies under a bill's prefix and is complete, as one unit that is published or not.

A manifest comes after its data files (collectors.bills.layouts says where both lie). The newest manifest of a period is its
delivery; what no manifest lists is not read. In formats that take files, one directly under the prefix is a delivery of its
own; written again under its name, it is restated.
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

from collectors.bills.formats import format_names, load_format
from collectors.bills.layouts import KeyParts
from collectors.bills.values import BillPlace
from lake.configuration import Bill

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SETTLING = timedelta(hours=1)
"""How long data that is newer than its manifest is waited for. A copied bill has its files in any order, and never a newer
manifest: from then on it is taken as it is."""

FILE_ENDINGS = (".parquet", ".csv", ".csv.gz", ".zip")

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
    other_format is the one whose manifests lie there, where it is not the bill's.
    """

    objects: int
    deliveries: list[Delivery]
    strays: list[str]
    other_format: str | None = None


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
    return Listing(len(objects), standing, _strays(bill, objects, standing, now), _other_format(bill, objects))


def is_overtaken(s3: S3Client, delivery: Delivery) -> bool:
    """Whether an object of the delivery has been written again, or removed, since it was listed."""
    now = {stored.key: stored.etag for stored in _objects(s3, delivery.bucket, delivery.folder or delivery.key)}
    return any(now.get(key) != etag for key, etag in delivery.etags.items())


_Data = dict[tuple[str, str, str], list[Stored]]
"""Data files by folder of the export, period and execution ("" where the export overwrites)."""


def _data(bill: Bill, objects: list[Stored]) -> _Data:
    found: _Data = defaultdict(list)
    layout = load_format(bill.format).layout
    for stored in objects:
        if told := layout.data_of(stored.key.removeprefix(bill.prefix)):
            found[told.folder, told.period, told.execution].append(stored)
    return found


def _delivery(bill: Bill, bucket: str, found: Stored, data: _Data) -> Delivery | None:
    """The delivery that an object is or completes; None for one that is read as part of another, or not at all."""
    name, read_as = found.key.removeprefix(bill.prefix), load_format(bill.format)
    if told := read_as.layout.manifest_of(name):
        files = tuple(stored for place, some in sorted(data.items()) if _is_of(place, told) for stored in some)
        path = [part for part in told.folder.split("/") if part and part != told.export]
        collector = ".".join([bill.name, *map(_safe, [*path, told.export]), told.period])
        export, folder = "/".join([*path, told.export]), f"{bill.prefix}{told.folder}"
        return Delivery(bill, bucket, found, files, export, told.period, collector, folder)
    if read_as.takes_files and name and "/" not in name:
        return Delivery(bill, bucket, found, (found,), name, "", f"{bill.name}.{_safe(name)}")
    return None


def _is_of(place: tuple[str, str, str], manifest: KeyParts) -> bool:
    """Whether data of a folder, period and execution may be what a manifest lists.

    A manifest that lies in no execution's folder may list the files of any: which one, only its content says.
    """
    folder, period, execution = place
    return (folder, period) == (manifest.folder, manifest.period) and (
        not manifest.execution or execution in ("", manifest.execution)
    )


def _other_format(bill: Bill, objects: list[Stored]) -> str | None:
    """Another format than the bill's, whose manifests lie there and not its own."""
    names = [stored.key.removeprefix(bill.prefix) for stored in objects]
    layouts = {name: load_format(name).layout for name in (bill.format, *format_names())}
    for name, layout in layouts.items():
        if any(layout.manifest_of(key) for key in names):
            return name if layout is not layouts[bill.format] else None
    return None


def _strays(bill: Bill, objects: list[Stored], found: Collection[Delivery], now: datetime) -> list[str]:
    own = {delivery.key for delivery in found}
    periods = {(delivery.folder, delivery.period) for delivery in found}
    layout = load_format(bill.format).layout
    strays = []
    for stored in objects:
        is_read = stored.key in own or not stored.key.lower().endswith(FILE_ENDINGS)
        if told := layout.data_of(stored.key.removeprefix(bill.prefix)):
            is_settled = now - stored.modified >= SETTLING
            is_read = is_read or not is_settled or (f"{bill.prefix}{told.folder}", told.period) in periods
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
