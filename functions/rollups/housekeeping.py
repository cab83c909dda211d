"""Removes what nobody can read any more: superseded and rejected builds, superseded bills, expired partitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from lake.lake import Lake
from lake.partitions import PUBLISHED_PARAMETER, Partition
from lake.relations import Rollup, Table
from rollups.build_ids import REPLACED_PARAMETER, built_at
from rollups.superseded import Current, Unread, superseded

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

READERS_HOLD = timedelta(days=1)
"""How long a reader may still hold what has been replaced. Athena ends a query after 30 minutes."""
REJECTED_KEPT = timedelta(days=7)
"""How long a build that was never published can be looked at: it failed its audit, or its run was killed."""


@dataclass
class Removed:
    """What a pass removed."""

    builds: int = 0
    partitions: int = 0
    bill_objects: int = 0


class Housekeeping:
    """One pass over the lake. Running it twice, or killing it halfway, removes nothing more than one whole pass would."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._s3, self._catalog = lake, lake.s3, lake.catalog

    def run(self, now: datetime) -> Removed:
        """Remove what is past its time at `now`."""
        removed = Removed()
        for rollup in self._catalog.rollups:
            for build in self._unreadable_builds(rollup, now):
                if self._is_published(rollup, build):
                    continue
                self._delete_objects(build)
                self._lake.partitions(self._catalog.builds_table(rollup)).drop(build.values)
                removed.builds += 1
        for table in self._catalog.expiring:
            removed.partitions += self._drop_expired(table, now.date())
        for table in self._catalog.tables:
            for unread in self._superseded_bills(table, now):
                removed.bill_objects += self._delete_unread(table, unread)
        return removed

    def _unreadable_builds(self, rollup: Rollup, now: datetime) -> Iterator[Partition]:
        published = {partition.location for partition in self._lake.partitions(self._catalog.table(rollup.full_name)).all()}
        for build in list(self._lake.partitions(self._catalog.builds_table(rollup)).all()):
            if build.location in published:
                continue
            if replaced := build.parameters.get(REPLACED_PARAMETER):
                is_unreadable = datetime.fromisoformat(replaced) <= now - READERS_HOLD
            else:
                is_unreadable = built_at(build.values[0]) <= now - REJECTED_KEPT
            if is_unreadable:
                yield build

    def _drop_expired(self, table: Table, today: date) -> int:
        """Drop partitions past the retention, once lifecycle rules of the bucket have expired their objects.

        Those rules count from when an object was written: a bill of two years ago, delivered yesterday, stays its full time.
        """
        oldest = today - timedelta(days=table.retention_days or 0)
        partitions = self._lake.partitions(table)
        past = partitions.all(f"{table.day_column} < '{oldest.isoformat()}'")
        expired = [p for p in past if table.retention_of(p.values[0]) and self._is_empty(p)]
        for partition in expired:
            partitions.drop(partition.values)
        return len(expired)

    def _is_published(self, rollup: Rollup, build: Partition) -> bool:
        """Whether a build is read now. Asked just before its objects go, as a run may have published it meanwhile."""
        current = self._lake.partitions(self._catalog.table(rollup.full_name)).find(build.values[1:])
        return current is not None and current.location == build.location

    def _superseded_bills(self, table: Table, now: datetime) -> list[Unread]:
        """Replaced and abandoned publications of what the table keeps for ever, which no lifecycle rule removes."""
        if table.kept_forever is None:
            return []
        partitions = self._lake.partitions(table).all(f"{table.partition[0].name} = '{table.kept_forever}'")
        published = {table.folder(*partition.values): _current(partition) for partition in partitions}
        objects = ((found["Key"], found["LastModified"]) for found in self._objects(table.folder(table.kept_forever)))
        return list(superseded(objects, published, now, READERS_HOLD))

    def _delete_unread(self, table: Table, unread: Unread) -> int:
        """Delete a publication, unless the bills function has published it since; returns how many objects."""
        values = [part.partition("=")[2] for part in unread.day.removeprefix(table.prefix).strip("/").split("/")]
        current = self._lake.partitions(table).find(values)
        if current is not None and current.folder == unread.folder:
            return 0
        for key in unread.keys:
            self._delete(key)
        return len(unread.keys)

    def _is_empty(self, partition: Partition) -> bool:
        return self._s3.list_objects_v2(Bucket=self._lake.bucket, Prefix=partition.folder, MaxKeys=1)["KeyCount"] == 0

    def _delete_objects(self, partition: Partition) -> None:
        for found in list(self._objects(partition.folder)):
            self._delete(found["Key"])

    def _delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=self._lake.bucket, Key=key)

    def _objects(self, prefix: str) -> Iterator[ObjectTypeDef]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._lake.bucket, Prefix=prefix):
            yield from page.get("Contents", [])


def _current(partition: Partition) -> Current:
    since = partition.parameters.get(PUBLISHED_PARAMETER)
    return Current(partition.folder, datetime.fromisoformat(since) if since else None)
