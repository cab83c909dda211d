"""Reads from Glue and S3 what each day of a relation was made from, so that staleness can be told without a query."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from lake.lake import Lake
from lake.partitions import Partition
from lake.relations import ReadDays, Rollup, Table
from rollups.build_ids import BUILD_PARAMETER, CONTENT_PARAMETER, built_at
from rollups.staleness import Sources, Version, Versions

EXPIRY_MARGIN_DAYS = 7
"""From so many days before their time on, objects are taken for expired: nothing is made from what may be going."""


class SourceVersions:
    """Versions of the lake's relations, for one run: each is listed once, when it is first asked for, by whichever thread.

    Versions are read once; later changes wait for the next run. Partitions that runs append to are left out once their
    objects may have expired: what lifecycle rules remove is no change that a rollup should follow.
    """

    def __init__(self, lake: Lake, today: date) -> None:
        self._lake, self._catalog, self._today = lake, lake.catalog, today
        self._listing = threading.RLock()
        self._published: dict[str, dict[date, Version]] = {}
        self._days: dict[str, Versions] = {}

    def of(self, rollup: Rollup) -> Sources:
        """Versions of everything that the rollup reads, but for itself."""
        others = [read for read in rollup.reads if read.relation != rollup.full_name]
        dated = [read for read in others if read.first is not None]
        kept_since = {read: self.kept_since(self._catalog.table(read.relation), read.event_type) for read in dated}
        return Sources(
            days={read: self._versions(read) for read in dated},
            whole={read: self._content(self._catalog.table(read.relation).prefix) for read in others if read.first is None},
            kept_since={read: day for read, day in kept_since.items() if day},
        )

    def published(self, rollup: str) -> dict[date, Version]:
        """The version of each day that a rollup has published. To be updated with what this run publishes."""
        with self._listing:
            if rollup not in self._published:
                found = self._partitions(self._catalog.table(rollup), None)
                self._published[rollup] = {_day(partition): _built(partition) for partition in found}
            return self._published[rollup]

    def _versions(self, read: ReadDays) -> Versions:
        """The version of each day that is read: a published partition's own, a digest of an appended one's objects."""
        if self._catalog.rollup(read.relation):
            return self.published(read.relation)
        source = f"{read.relation}/{read.event_type}"
        with self._listing:
            if source not in self._days:
                self._days[source] = self._listed(self._catalog.table(read.relation), read.event_type)
            return self._days[source]

    def _listed(self, table: Table, event_type: str | None) -> Versions:
        kept_since = self.kept_since(table, event_type) or date.min
        partitions = [found for found in self._partitions(table, event_type) if _day(found) >= kept_since]
        contents: Mapping[str, str] = {}
        if any(partition.version is None for partition in partitions):
            contents = self._contents(table.folder(event_type) if event_type else table.prefix)
        by_day: dict[date, list[str]] = defaultdict(list)
        for partition in partitions:
            version = partition.version or contents.get(partition.folder, "")
            by_day[_day(partition)].append(f"{partition.values}={version}")
        digests = {day: _digest(sorted(versions)) for day, versions in by_day.items()}
        return {day: Version(digest, written=day, content=digest) for day, digest in digests.items()}

    def kept_since(self, table: Table, event_type: str | None) -> date | None:
        """The day before which objects of a table may have expired; None where they never do."""
        days = table.retention_of(event_type)
        return self._today - timedelta(days=days - EXPIRY_MARGIN_DAYS) if days else None

    def _partitions(self, table: Table, event_type: str | None) -> Iterable[Partition]:
        return self._lake.partitions(table).all(f"event_type = '{event_type}'" if event_type else "")

    def _content(self, prefix: str) -> str:
        """A digest of everything under a prefix."""
        return _digest(sorted(f"{folder}={content}" for folder, content in self._contents(prefix).items()))

    def _contents(self, prefix: str) -> dict[str, str]:
        """By folder under a prefix, a digest of its objects' names and contents: a thousand a call, however many folders."""
        objects: dict[str, list[str]] = defaultdict(list)
        for page in self._lake.s3.get_paginator("list_objects_v2").paginate(Bucket=self._lake.bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                objects[found["Key"].rpartition("/")[0] + "/"].append(f"{found['Key']}={found['ETag']}")
        return {folder: _digest(names) for folder, names in objects.items()}


def _day(partition: Partition) -> date:
    return date.fromisoformat(partition.values[-1])


def _built(partition: Partition) -> Version:
    """The version of a rollup's published partition."""
    build, made_from = partition.parameters.get(BUILD_PARAMETER), partition.version or ""
    content = partition.parameters.get(CONTENT_PARAMETER, made_from)
    return Version(made_from, built_at(build).date() if build else _day(partition), content)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]
