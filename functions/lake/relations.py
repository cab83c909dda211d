"""The relations that sql/ declares: tables, rollups, views and saved queries, each named by database and name.

A relation's identity is its full name, `database.name`: two databases may have relations of one name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
TABLES_ROOT, BUILDS_ROOT = "tables", "builds"
"""Key prefixes of what runs write themselves, and of what rollups build."""


def builds_database(database: str) -> str:
    """Name of the database that holds the builds of a database's rollups."""
    return f"{database}_builds"


@dataclass(frozen=True)
class Column:
    """One column: type is the Hive type as written, in lower case."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class ReadDays:
    """What a rollup's partition for one day is made from. relation is a full name.

    first and last are offsets in days from that day; both None where the whole relation is read. event_type narrows
    resource_events. as_built: a later change of it alone does not make the day stale: the day keeps what was known then.
    """

    relation: str
    first: int | None = None
    last: int | None = None
    event_type: str | None = None
    as_built: bool = False


@dataclass(frozen=True)
class Check:
    """A condition on a new partition.

    kind is unique, not_null or conserves. columns are the relation's own. A conserves check compares the sum of
    columns[0] with the sum of source_column over source (narrowed by where), within each group of per.
    """

    kind: str
    columns: tuple[str, ...]
    source: str = ""
    source_column: str = ""
    where: str = ""
    per: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """What all declarations share. database is the folder of sql/ that it stands in, without the deployment's prefix."""

    database: str
    name: str
    sentence: str

    @property
    def full_name(self) -> str:
        """The identity of a relation, and how others refer to it across databases: database.name."""
        return f"{self.database}.{self.name}"


@dataclass(frozen=True)
class Table(Relation):
    """A stored relation: its data lives under <root>/<database>/<name>/ in the lake's bucket.

    retention_days is None where it is kept for ever. kept_forever is the value of the first partition column whose
    partitions are, though others of the table expire. is_built: a rollup fills it.
    """

    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: tuple[Column, ...] = ()
    retention_days: int | None = None
    kept_forever: str | None = None
    is_built: bool = False
    root: str = TABLES_ROOT

    @property
    def prefix(self) -> str:
        """Key prefix of the table's objects, with the closing slash."""
        return f"{self.root}/{self.database}/{self.name}/"

    def folder(self, *values: str) -> str:
        """Key prefix of the partitions that begin with these values, with the closing slash."""
        named = zip((column.name for column in self.partition), values, strict=False)
        return self.prefix + "".join(f"{name}={value}/" for name, value in named)

    def home(self, *values: str) -> str:
        """Key prefix under which the objects of the partition with these values must lie.

        Several functions write a table that is partitioned by what they write (event type, collector): each partition has
        its own folder there. What rollups publish may be any build of the table.
        """
        if self.is_built:
            return f"{BUILDS_ROOT}/{builds_database(self.database)}/{self.name}/"
        return self.folder(*values) if len(self.partition) > 1 else self.prefix

    def retention_of(self, first_value: str | None) -> int | None:
        """Days for which partitions with this value of the first partition column are kept; None: for ever."""
        return None if self.kept_forever and first_value == self.kept_forever else self.retention_days

    @property
    def day_column(self) -> str | None:
        """The partition column of type date, the last one; None for a table without."""
        return self.partition[-1].name if self.partition and self.partition[-1].type == "date" else None

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Columns and partition columns, in the order that `select *` gives them."""
        return self.columns + self.partition

    def glue_input(self, bucket: str) -> dict[str, Any]:
        """Glue's TableInput for the table, its data at s3://bucket/<prefix>."""
        parameters = {"EXTERNAL": "TRUE", "classification": "parquet"}
        if self.partition:
            # Athena filters partitions by an index only where the table says so; else it loads all that have no string key.
            parameters["partition_filtering.enabled"] = "true"
        return {
            "Name": self.name,
            "Description": self.sentence[:2048],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [_glue_column(column) for column in self.partition],
            "StorageDescriptor": self.storage(f"s3://{bucket}/{self.prefix}"),
        }

    def storage(self, location: str) -> dict[str, Any]:
        """Glue's StorageDescriptor for the table or one of its partitions at location."""
        return {
            "Columns": [_glue_column(column) for column in self.columns],
            "Location": location,
            "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        }

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Schema of the table's Parquet files: the columns without the partition's."""
        import pyarrow as pa

        from lake.arrow_types import arrow_type

        return pa.schema([(column.name, arrow_type(column.type)) for column in self.columns])


@dataclass(frozen=True)
class Rollup(Relation):
    """A SELECT that fills partitions of the stored table of the same name.

    parameters name, in order, what its `?` stand for: first_day or last_day, as 'YYYY-MM-DD'. references are stored tables:
    where the SELECT reads a view, the tables below it, and view_sql has the view's text.
    """

    sql: str
    parameters: tuple[str, ...]
    reads: tuple[ReadDays, ...]
    checks: tuple[Check, ...]
    references: tuple[str, ...]
    view_sql: tuple[str, ...] = ()

    @property
    def reads_itself(self) -> bool:
        """Whether a day is made from the day before, so that days must be built one by one, in order."""
        return any(read.relation == self.full_name for read in self.reads)


@dataclass(frozen=True)
class View(Relation):
    """A view: columns carry the comments of the header."""

    grain: tuple[str, ...]
    sql: str
    columns: tuple[Column, ...]
    references: tuple[str, ...]


@dataclass(frozen=True)
class SavedQuery(Relation):
    """A query that people find under Athena's saved queries."""

    sql: str


def _glue_column(column: Column) -> dict[str, str]:
    return {"Name": column.name, "Type": column.type, "Comment": column.comment[:255]}
