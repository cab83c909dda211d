"""What sql/ declares: tables, rollups, views and saved queries, as the functions and the stacks see them.

Parsed once, at synth, by `infra.catalog_parser`; shipped with the functions as catalog.json and read back here, so that no
function needs a SQL parser. From these declarations come the Glue tables, the Arrow schemas and the data dictionary.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa

CATALOG_FILE = "catalog.json"
BUILD_COLUMN = "build"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class Column:
    """One column: type is the Hive type as written, in lower case."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class ReadDays:
    """What a rollup's partition for one day is made from.

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
class Table:
    """A stored relation: its data lives under tables/<name>/ in the lake's bucket.

    retention_days is None where it is kept for ever. kept_forever is the value of the first partition column whose
    partitions are, though others of the table expire.
    """

    database: str
    name: str
    sentence: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: tuple[Column, ...] = ()
    retention_days: int | None = None
    kept_forever: str | None = None

    @property
    def prefix(self) -> str:
        """Key prefix of the table's objects, with the closing slash."""
        return f"tables/{self.database}/{self.name}/"

    def folder(self, *values: str) -> str:
        """Key prefix of the partitions that begin with these values, with the closing slash."""
        named = zip((column.name for column in self.partition), values, strict=False)
        return self.prefix + "".join(f"{name}={value}/" for name, value in named)

    def home(self, *values: str) -> str:
        """Key prefix under which the objects of the partition with these values must lie; '' where it may be anywhere.

        Several functions write a table that is partitioned by what they write (event type, collector): each partition has
        its own folder. One that is partitioned by day alone has its builds' folders. Builds lie where their table does.
        """
        if self.partition and self.partition[0].name == BUILD_COLUMN:
            return ""
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

    def glue_input(self, bucket: str, name: str | None = None) -> dict[str, Any]:
        """Glue's TableInput for the table, its data at s3://bucket/<prefix>."""
        return {
            "Name": name or self.name,
            "Description": self.sentence[:2048],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
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
class Rollup:
    """A SELECT that fills partitions of the stored table of the same name.

    parameters name, in order, what its `?` stand for: first_day or last_day, as 'YYYY-MM-DD'.
    """

    database: str
    name: str
    sentence: str
    schedule: str
    sql: str
    parameters: tuple[str, ...]
    reads: tuple[ReadDays, ...]
    checks: tuple[Check, ...]
    references: tuple[str, ...]

    @property
    def reads_itself(self) -> bool:
        """Whether a day is made from the day before, so that days must be built one by one, in order."""
        return any(read.relation == self.name for read in self.reads)


@dataclass(frozen=True)
class View:
    """A view: columns carry the comments of the header."""

    database: str
    name: str
    sentence: str
    grain: tuple[str, ...]
    sql: str
    columns: tuple[Column, ...]
    references: tuple[str, ...]


@dataclass(frozen=True)
class SavedQuery:
    """A query that people find under Athena's saved queries."""

    database: str
    name: str
    sentence: str
    sql: str


@dataclass(frozen=True)
class Catalog:
    """All that sql/ declares. rollups and views stand in an order in which each follows what it refers to."""

    tables: tuple[Table, ...]
    rollups: tuple[Rollup, ...]
    views: tuple[View, ...]
    queries: tuple[SavedQuery, ...] = field(default=())

    def table(self, name: str) -> Table:
        """The stored table called name. Raises ConfigurationError where sql/ declares none."""
        for table in self.tables:
            if table.name == name:
                return table
        known = ", ".join(sorted(table.name for table in self.tables))
        raise ConfigurationError(f"sql/ declares no table {name!r}; it declares {known}")

    def rollup(self, name: str) -> Rollup | None:
        """The rollup that fills the table called name; None where something else writes it."""
        return next((rollup for rollup in self.rollups if rollup.name == name), None)

    @property
    def rollup_schedule(self) -> str:
        """When the rollups run, as EventBridge Scheduler writes it, in UTC: all at once, in their order."""
        (schedule,) = {rollup.schedule for rollup in self.rollups}
        return schedule

    @property
    def expiring(self) -> tuple[Table, ...]:
        """Tables whose partitions are dropped when their objects have expired: those that runs append to.

        A rollup's partitions outlive their objects: what was published there once is neither missing nor to be built again.
        """
        return tuple(t for t in self.tables if t.retention_days and t.day_column and not self.rollup(t.name))

    @cached_property
    def databases(self) -> tuple[str, ...]:
        """Names of the Glue databases, without the deployment's prefix."""
        return tuple(sorted({relation.database for relation in self.relations}))

    @property
    def relations(self) -> tuple[Table | View, ...]:
        """Everything that can be queried: the tables, then the views."""
        return (*self.tables, *self.views)

    def builds_table(self, rollup: Rollup) -> Table:
        """The table in which a rollup's builds stand before (and after) they are published.

        It is the rollup's own table with the partition column `build` in front, so that a rejected build can be queried.
        """
        table = self.table(rollup.name)
        build = Column(BUILD_COLUMN, "string", "Id of the build: the slot of the run, and a digest of its sources")
        return Table(
            table.database,
            builds_name(table.name),
            f"Builds of {table.name}, published or not.",
            (BUILD_COLUMN, *table.grain),
            table.columns,
            (build, *table.partition),
            table.retention_days,
        )

    def to_json(self) -> str:
        """The catalog as text; the same declarations always give the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Catalog:
        """The catalog that to_json wrote."""
        raw = json.loads(text)
        return cls(
            tables=tuple(_table(item) for item in raw["tables"]),
            rollups=tuple(_rollup(item) for item in raw["rollups"]),
            views=tuple(View(**_tuples(item, columns=Column)) for item in raw["views"]),
            queries=tuple(SavedQuery(**item) for item in raw["queries"]),
        )


def builds_name(table: str) -> str:
    """Name of the table that holds the builds of a rollup's table."""
    return f"{table}__builds"


def load_catalog(folder: Path | None = None) -> Catalog:
    """The catalog shipped in folder (by default beside the functions' packages)."""
    path = (folder or Path(__file__).resolve().parent.parent) / CATALOG_FILE
    return Catalog.from_json(path.read_text(encoding="utf-8"))


def _glue_column(column: Column) -> dict[str, str]:
    return {"Name": column.name, "Type": column.type, "Comment": column.comment[:255]}


def _tuples(item: dict[str, Any], **shapes: type) -> dict[str, Any]:
    """JSON's lists as tuples, the named ones of dataclasses."""
    out: dict[str, Any] = {}
    for key, value in item.items():
        if key in shapes:
            out[key] = tuple(shapes[key](**_tuples(entry)) for entry in value)
        else:
            out[key] = tuple(value) if isinstance(value, list) else value
    return out


def _table(item: dict[str, Any]) -> Table:
    return Table(**_tuples(item, columns=Column, partition=Column))


def _rollup(item: dict[str, Any]) -> Rollup:
    return Rollup(**_tuples(item, reads=ReadDays, checks=Check))
