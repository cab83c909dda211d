"""Reads from Glue and S3 what each day of a relation was made from, so that staleness can be told without a query."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lake.catalog import Catalog, Read, Rollup, Table
from lake.environment import Environment
from lake.partitions import Partition, Partitions
from rollups.staleness import Sources, Versions

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

EXPIRY_MARGIN_DAYS = 7


class SourceVersions:
    """Versions of the lake's relations as they stand when asked.

    Partitions that runs append to are left out from a week before their objects expire: what lifecycle rules remove is no
    change that a rollup should follow.
    """

    def __init__(self, s3: S3Client, glue: GlueClient, environment: Environment, catalog: Catalog, today: date) -> None:
        self._s3, self._glue, self._environment, self._catalog = s3, glue, environment, catalog
        self._today = today

    def of(self, rollup: Rollup) -> Sources:
        """Versions of everything that the rollup reads, but for itself."""
        others = [read for read in rollup.reads if read.relation != rollup.name]
        return Sources(
            days={read: self.days(read) for read in others if read.first is not None},
            whole={read: self._objects(self._catalog.table(read.relation).prefix) for read in others if read.first is None},
        )

    def days(self, read: Read) -> Versions:
        """The version of each day: of published partitions their own, of appended ones a digest of their objects."""
        table = self._catalog.table(read.relation)
        by_day: dict[date, list[str]] = defaultdict(list)
        oldest = self._today - timedelta(days=(table.retention_days or 36_500) - EXPIRY_MARGIN_DAYS)
        for partition in self._partitions(table, read.event_type):
            day = date.fromisoformat(partition.values[-1])
            if partition.version or day >= oldest:
                version = partition.version or self._objects(_key(partition.location))
                by_day[day].append(f"{partition.values}={version}")
        return {day: _digest(sorted(versions)) for day, versions in by_day.items()}

    def _partitions(self, table: Table, event_type: str | None) -> Iterator[Partition]:
        partitions = Partitions(self._glue, self._environment.database(table.database), table)
        return (found for found in partitions.all() if event_type is None or found.values[0] == event_type)

    def _objects(self, prefix: str) -> str:
        """A digest of the names and contents under a prefix."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._environment.bucket, Prefix=prefix)
        return _digest(f"{found['Key']}={found['ETag']}" for page in pages for found in page.get("Contents", []))


def _key(location: str) -> str:
    """The key prefix of an s3:// location."""
    return location.removeprefix("s3://").partition("/")[2]


def _digest(parts: Iterator[str] | list[str]) -> str:
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]
