"""What sql/ declares, as one catalog: parsed once, at synth, and shipped with the functions as catalog.json.

So no function needs a SQL parser. From these declarations come the Glue tables, the Arrow schemas and the data dictionary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lake.errors import ConfigurationError
from lake.relations import BUILDS_ROOT, Check, Column, ReadDays, Rollup, SavedQuery, Table, View, builds_database

CATALOG_FILE = "catalog.json"
BUILD_COLUMN = "build"

ReferenceRow = Mapping[str, str | None]
"""A row of a CSV as text by column, each text a value of the column's type (`lake.column_text`); None is null."""


@dataclass(frozen=True)
class Catalog:
    """All that sql/ declares. rollups and views stand in an order in which each follows what it refers to.

    reference_rows are the rows of the tables that have a CSV in sql/<database>/data/, by the table's full name.
    """

    tables: tuple[Table, ...]
    rollups: tuple[Rollup, ...]
    views: tuple[View, ...]
    queries: tuple[SavedQuery, ...] = field(default=())
    reference_rows: Mapping[str, tuple[ReferenceRow, ...]] = field(default_factory=dict)

    def table(self, full_name: str) -> Table:
        """The stored table called database.name. Raises ConfigurationError where sql/ declares none."""
        if full_name not in self._tables:
            raise ConfigurationError(f"sql/ declares no table {full_name!r}; it declares {', '.join(sorted(self._tables))}")
        return self._tables[full_name]

    def rollup(self, full_name: str) -> Rollup | None:
        """The rollup that fills the table called database.name; None where something else writes it."""
        return self._rollups.get(full_name)

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {table.full_name: table for table in self.tables}

    @cached_property
    def _rollups(self) -> dict[str, Rollup]:
        return {rollup.full_name: rollup for rollup in self.rollups}

    @property
    def expiring(self) -> tuple[Table, ...]:
        """Tables whose partitions are dropped when their objects have expired: those that runs append to.

        A rollup's partitions outlive their objects: what was published there once is neither missing nor to be built again.
        """
        return tuple(t for t in self.tables if t.retention_days and t.day_column and not self.rollup(t.full_name))

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

        It is the rollup's own table with the partition column `build` in front, in a database and under a prefix of its own:
        people's list of tables shows what is theirs, and a role names databases and prefixes instead of tables one by one.
        """
        table = self.table(rollup.full_name)
        build = Column(BUILD_COLUMN, "string", "Id of the build: the slot of the run, and a digest of its sources")
        return replace(
            table,
            database=builds_database(table.database),
            sentence=f"Builds of {table.full_name}, published or not.",
            grain=(BUILD_COLUMN, *table.grain),
            partition=(build, *table.partition),
            is_built=False,
            root=BUILDS_ROOT,
        )

    @property
    def builds_databases(self) -> tuple[str, ...]:
        """Names of the Glue databases that hold builds, without the deployment's prefix."""
        return tuple(sorted({builds_database(rollup.database) for rollup in self.rollups}))

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
            reference_rows={name: tuple(rows) for name, rows in raw["reference_rows"].items()},
        )


def load_catalog(folder: Path | None = None) -> Catalog:
    """The catalog shipped in folder (by default beside the functions' packages)."""
    path = (folder or Path(__file__).resolve().parent.parent) / CATALOG_FILE
    return Catalog.from_json(path.read_text(encoding="utf-8"))


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
