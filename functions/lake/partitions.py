"""Glue partitions: registering appended ones, and publishing rebuilt ones in a single call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lake.catalog import Table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef

VERSION = "outlay.version"
"""Partition parameter: what a published partition was made from. Appended partitions have none."""


@dataclass(frozen=True)
class Partition:
    """One partition as Glue knows it; values are in the order of the table's partition columns."""

    values: tuple[str, ...]
    location: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """What it was made from; None for a partition that runs append to."""
        return self.parameters.get(VERSION)


class Partitions:
    """The partitions of one Glue table."""

    def __init__(self, glue: GlueClient, database: str, table: Table, name: str | None = None) -> None:
        self._glue, self._table = glue, table
        self._where = {"DatabaseName": database, "TableName": name or table.name}

    def all(self, expression: str = "") -> Iterator[Partition]:
        """Every partition, or those that a Glue expression selects."""
        pages = self._glue.get_paginator("get_partitions").paginate(
            **self._where, **({"Expression": expression} if expression else {}), ExcludeColumnSchema=True
        )
        for page in pages:
            for found in page["Partitions"]:
                location = found["StorageDescriptor"]["Location"]
                yield Partition(tuple(found["Values"]), location, found.get("Parameters", {}))

    def register(self, partition: Partition) -> None:
        """Make sure that the partition exists; one that exists is left as it is."""
        try:
            self._glue.create_partition(**self._where, PartitionInput=self._input(partition))
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise

    def publish(self, partition: Partition) -> None:
        """Point the partition at its new location: readers see the old data or the new, never both."""
        try:
            self._glue.update_partition(
                **self._where,
                PartitionValueList=list(partition.values),
                PartitionInput=self._input(partition),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            self._glue.create_partition(**self._where, PartitionInput=self._input(partition))

    def drop(self, values: Sequence[str]) -> None:
        """Forget the partition; its objects stay. One that is gone already is no error."""
        try:
            self._glue.delete_partition(**self._where, PartitionValues=list(values))
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise

    def _input(self, partition: Partition) -> PartitionInputTypeDef:
        return {
            "Values": list(partition.values),
            "StorageDescriptor": self._table.storage(partition.location),
            "Parameters": {"classification": "parquet", **partition.parameters},
        }
