"""What a deployment declares, small enough to travel as a custom resource's properties, and how two of them differ.

CloudFormation hands the schema function both the old and the new state, so that it can tell what changed, refuse what would
lose data, and drop exactly the views that an earlier deployment made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lake.catalog import Catalog
from schema.reference_tables import Rows

State = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One difference between two states. is_destructive: what it removes or retypes may be missed."""

    relation: str
    kind: str
    change: str
    is_destructive: bool = False


def schema_state(catalog: Catalog, references: Mapping[str, Rows]) -> dict[str, Any]:
    """The state that a catalog and the rows of its reference tables declare.

    Tables: {full name: {column: type}}; Views: [[full name, digest]] in an order in which each follows what it reads;
    ReferenceTables: {full name: digest of its rows}.
    """
    digests = {name: _digest(json.dumps(rows, sort_keys=True, default=str)) for name, rows in references.items()}
    return {
        "Version": _digest(catalog.to_json() + json.dumps(digests, sort_keys=True)),
        "Tables": {table.full_name: {column.name: column.type for column in table.all_columns} for table in catalog.tables},
        "Views": [[view.full_name, _digest(view.sql)] for view in catalog.views],
        "ReferenceTables": digests,
    }


def changes(old: State, new: State) -> list[Change]:
    """What is different in new; against an empty old everything is created."""
    found = [*_table_changes(old.get("Tables", {}), new.get("Tables", {}))]
    views_before, views_now = dict(old.get("Views", [])), dict(new.get("Views", []))
    found += [Change(name, "view", "created") for name in views_now if name not in views_before]
    found += [
        Change(name, "view", "changed") for name in views_now if views_before.get(name, views_now[name]) != views_now[name]
    ]
    found += [Change(name, "view", "dropped") for name in reversed(list(views_before)) if name not in views_now]
    return [*found, *_reference_changes(old, new)]


def _table_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name, columns in new.items():
        if name not in old:
            yield Change(name, "table", "created")
            continue
        for column, kind in columns.items():
            if column not in old[name]:
                yield Change(name, "table", f"column added: {column} {kind}")
            elif old[name][column] != kind:
                yield Change(name, "table", f"column retyped: {column} {old[name][column]} to {kind}", True)
        for column in old[name]:
            if column not in columns:
                yield Change(name, "table", f"column dropped: {column}", True)
    for name in old:
        if name not in new:
            yield Change(name, "table", "dropped", True)


def _reference_changes(old: State, new: State) -> Iterator[Change]:
    before, now = old.get("ReferenceTables", {}), new.get("ReferenceTables", {})
    for name, digest in now.items():
        if before.get(name) != digest:
            yield Change(name, "reference", "changed")
    for name in before:
        if name not in now and name in new.get("Tables", {}):
            # Nothing writes the table from now on, so that the rows of the last deployment would stay in it for ever.
            yield Change(name, "reference", "no longer filled", True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
