"""The lake that a function works on: its clients, what it declares, and how rows get into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from lake.catalog import Catalog, load_catalog
from lake.configuration import Configuration, load_configuration
from lake.environment import Environment
from lake.partitions import Partition, Partitions
from lake.relations import Table

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


READINGS = "reading/"
"""Key prefix of the lake's bucket under which the bills function keeps what it has read of bills that take several runs."""


@dataclass(frozen=True)
class Lake:
    """Where a function reads and writes, and by which declarations and settings."""

    s3: S3Client
    glue: GlueClient
    environment: Environment
    catalog: Catalog
    configuration: Configuration

    @classmethod
    def from_env(cls, session: boto3.Session | None = None) -> Self:
        """The lake of a deployed function. Raises ConfigurationError where the stack did not set what it should."""
        import boto3

        from lake.clients import CLIENT_CONFIG

        session = session or boto3.Session()
        return cls(
            session.client("s3", config=CLIENT_CONFIG),
            session.client("glue", config=CLIENT_CONFIG),
            Environment.from_env(),
            load_catalog(),
            load_configuration(),
        )

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return self.environment.bucket

    def location(self, folder: str) -> str:
        """A key prefix of the bucket as Glue writes it."""
        return f"s3://{self.bucket}/{folder}"

    def partitions(self, table: Table) -> Partitions:
        """The partitions of a table."""
        return Partitions(self.glue, self.environment.database(table.database), table, bucket=self.bucket)

    def register(self, table: Table, *values: str) -> None:
        """Make sure that the partition with these values is there, at its own folder."""
        self.partitions(table).register(Partition(values, self.location(table.folder(*values))))

    def append(
        self, table: Table, values: Sequence[str], name: str, rows: Iterable[dict[str, Any]], sort_by: Sequence[str] = ()
    ) -> None:
        """Write rows as the object `name` of a partition, replacing one of that name, and register the partition."""
        from lake.writer import write_rows

        write_rows(self.s3, self.bucket, f"{table.folder(*values)}{name}.parquet", table, rows, sort_by)
        if table.partition:
            self.register(table, *values)
