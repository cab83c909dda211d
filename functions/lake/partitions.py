"""Glue partitions: registering appended ones, and publishing rebuilt ones in a single call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lake.errors import RetriableError
from lake.relations import Table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        BatchUpdatePartitionRequestEntryTypeDef,
        PartitionInputTypeDef,
        StorageDescriptorTypeDef,
    )

VERSION_PARAMETER = "outlay.version"
"""Partition parameter: what a published partition was made from. Appended partitions have none."""

PUBLISHED_PARAMETER = "outlay.published_at"
"""Partition parameter: when it was pointed at its location, ISO 8601. What it was pointed at before was read until then."""
_COUNTS = ("outlay.days", "outlay.rows", "outlay.rows_before")
"""Parameters that are whole numbers, on whichever partition they stand."""

MOST_A_CALL = 100

logger = Logger(child=True)


@dataclass(frozen=True)
class Partition:
    """One partition as Glue knows it; values are in the order of the table's partition columns."""

    values: tuple[str, ...]
    location: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """What it was made from; None for a partition that runs append to."""
        return self.parameters.get(VERSION_PARAMETER)

    @property
    def folder(self) -> str:
        """The key prefix of its objects, in whichever bucket."""
        return self.location.removeprefix("s3://").partition("/")[2]


class Partitions:
    """The partitions of one Glue table."""

    def __init__(
        self, glue: GlueClient, database: str, table: Table, name: str | None = None, bucket: str | None = None
    ) -> None:
        self._glue, self._table, self._bucket = glue, table, bucket
        self._database, self._name = database, name or table.name

    def all(self, expression: str = "") -> Iterator[Partition]:
        """Every partition, or those that a Glue expression selects. One that is not as it should be is logged and left out.

        Whoever may register partitions of a table may register any: the catalog is read as what it is, input.
        """
        for partition in self._listed(expression):
            if problem := self._problem(partition):
                logger.warning("partition left out", extra={"table": self._name, "problem": problem})
            else:
                yield partition

    def refused(self) -> Iterator[tuple[Partition, str]]:
        """The partitions that all() leaves out, each with what is wrong with it."""
        for partition in self._listed(""):
            if problem := self._problem(partition):
                yield partition, problem

    def _problem(self, partition: Partition) -> str | None:
        """What is wrong with a partition's values or location; None where nothing is."""
        shown = "/".join(partition.values)
        columns = self._table.partition
        if len(partition.values) != len(columns):
            return f"{shown} has {len(partition.values)} values and not {len(columns)}"
        for column, value in zip(columns, partition.values, strict=True):
            if column.type == "date" and not _is_day(value):
                return f"{shown}: {column.name} is {value!r}, which is no day"
        for name in _COUNTS:
            if not partition.parameters.get(name, "0").isdecimal():
                return f"{shown}: its parameter {name} is {partition.parameters[name]!r}, which is no number"
        home = self._table.home(*partition.values)
        if self._bucket and home and not partition.location.startswith(f"s3://{self._bucket}/{home}"):
            return f"{shown}: its location {partition.location} lies outside of {home}"
        return None

    def _listed(self, expression: str) -> Iterator[Partition]:
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=self._name, Expression=expression, ExcludeColumnSchema=True
        )
        for page in pages:
            for found in page["Partitions"]:
                location = found["StorageDescriptor"]["Location"]
                yield Partition(tuple(found["Values"]), location, found.get("Parameters", {}))

    def find(self, values: Sequence[str]) -> Partition | None:
        """The partition with these values, as Glue has it now; None where there is none."""
        columns = (column.name for column in self._table.partition)
        named = [f"{column} = '{value}'" for column, value in zip(columns, values, strict=True)]
        return next(self.all(" and ".join(named)), None)

    def register(self, *partitions: Partition) -> None:
        """Make sure that the partitions exist; those that exist are left as they are."""
        self._create(partitions)

    def publish(self, *partitions: Partition) -> None:
        """Point each partition at its new location: readers see its old data or the new, never both."""
        missing = self._update(partitions)
        taken = self._create(missing)
        if left := self._update(taken):
            raise RetriableError(f"{len(left)} partitions of {self._name} come and go; run it again")

    def _create(self, partitions: Sequence[Partition]) -> list[Partition]:
        """Create partitions; returns those that are there already."""
        taken: list[Partition] = []
        for some in _batches(partitions):
            inputs = [self._input(partition) for partition in some]
            answer = self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=self._name, PartitionInputList=inputs
            )
            taken += self._failed(some, answer.get("Errors", []), "AlreadyExistsException")
        return taken

    def _update(self, partitions: Sequence[Partition]) -> list[Partition]:
        """Repoint partitions; returns those that do not exist."""
        missing: list[Partition] = []
        for some in _batches(partitions):
            entries: list[BatchUpdatePartitionRequestEntryTypeDef] = [
                {"PartitionValueList": list(partition.values), "PartitionInput": self._input(partition)}
                for partition in some
            ]
            answer = self._glue.batch_update_partition(DatabaseName=self._database, TableName=self._name, Entries=entries)
            missing += self._failed(some, answer.get("Errors", []), "EntityNotFoundException")
        return missing

    def _failed(self, partitions: Sequence[Partition], errors: Sequence[Any], expected: str) -> list[Partition]:
        """The partitions that failed as expected. Raises RetriableError where one failed otherwise."""
        by_values = {partition.values: partition for partition in partitions}
        for error in errors:
            detail = error["ErrorDetail"]
            if detail["ErrorCode"] != expected:
                raise RetriableError(
                    f"Glue did not take a partition of {self._name}: {detail['ErrorCode']}: "
                    f"{detail.get('ErrorMessage', '')}; the next run publishes it"
                )
        return [by_values[tuple(error.get("PartitionValueList") or error["PartitionValues"])] for error in errors]

    def drop(self, values: Sequence[str]) -> None:
        """Forget the partition; its objects stay. One that is gone already is no error."""
        try:
            self._glue.delete_partition(DatabaseName=self._database, TableName=self._name, PartitionValues=list(values))
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise

    def _input(self, partition: Partition) -> PartitionInputTypeDef:
        return {
            "Values": list(partition.values),
            "StorageDescriptor": cast("StorageDescriptorTypeDef", self._table.storage(partition.location)),
            "Parameters": {"classification": "parquet", **partition.parameters},
        }


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _batches(partitions: Sequence[Partition]) -> Iterator[Sequence[Partition]]:
    """At most as many as Glue takes in one call."""
    for start in range(0, len(partitions), MOST_A_CALL):
        yield partitions[start : start + MOST_A_CALL]
