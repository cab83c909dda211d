"""docs/data-dictionary.md, made from sql/ and the collectors: `python -m local.data_dictionary` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from collectors.bills.resources import CHARGE, UNSCANNED
from collectors.scanning.discovery import resource_kinds
from infra.catalog_parser import parse_catalog
from lake.catalog import Catalog
from lake.relations import Column, Relation, Table
from lake.resource_types import Edge, Property, ResourceKind

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "data-dictionary.md"


def data_dictionary(catalog: Catalog) -> str:
    """The document: every table and view with its grain, and every column with its meaning and unit."""
    parts = (_introduction(catalog), _tables(catalog), _views(catalog), _queries(catalog), _resource_kinds())
    return "\n".join(line for part in parts for line in part) + "\n"


def _introduction(catalog: Catalog) -> Iterator[str]:
    yield "# Data dictionary\n"
    yield "Made from `sql/` and the collectors by `python -m local.data_dictionary`; edit those, not this page.\n"
    yield "Money is in USD, times are UTC. A rollup's table has a twin of its name in the database `<database>_builds`, the"
    yield "same columns behind `build`: there a build that failed its audit can be looked at.\n"
    yield "| relation | what one row is | grain |\n|---|---|---|"
    for relation in catalog.relations:
        yield f"| [`{relation.full_name}`](#{_anchor(relation)}) | {relation.sentence} | {', '.join(relation.grain)} |"
    yield ""


def _anchor(relation: Relation) -> str:
    """The anchor that Markdown readers give a heading: without its dots."""
    return relation.full_name.lower().replace(".", "")


def _tables(catalog: Catalog) -> Iterator[str]:
    yield "## Tables\n"
    for table in catalog.tables:
        yield f"### {table.full_name}\n"
        yield f"{table.sentence}\n"
        yield f"- Grain: {', '.join(table.grain)}"
        if table.partition:
            yield f"- Partitions: {', '.join(column.name for column in table.partition)}"
        yield f"- Kept: {_kept(table)}"
        if rollup := catalog.rollup(table.full_name):
            yield f"- Filled by `sql/{rollup.database}/rollups/{rollup.name}.sql` from {', '.join(rollup.references)}"
        yield ""
        yield from _columns(table.all_columns)


def _views(catalog: Catalog) -> Iterator[str]:
    comments = {column.name: column.comment for table in catalog.tables for column in table.all_columns}
    yield "## Views\n"
    for view in catalog.views:
        yield f"### {view.full_name}\n"
        yield f"{view.sentence}\n"
        yield f"- Grain: {', '.join(view.grain)}"
        yield f"- Reads {', '.join(view.references)}\n"
        yield "| column | meaning |\n|---|---|"
        for column in view.columns:
            yield f"| `{column.name}` | {column.comment or comments.get(column.name, '')} |"
        yield ""


def _queries(catalog: Catalog) -> Iterator[str]:
    yield "## Saved queries\n"
    yield "Under *Saved queries* in Athena's console.\n"
    yield "| query | what it answers |\n|---|---|"
    for query in catalog.queries:
        yield f"| `{query.full_name}` | {query.sentence} |"


def _columns(columns: Iterable[Column]) -> Iterator[str]:
    yield "| column | type | meaning |\n|---|---|---|"
    for column in columns:
        yield f"| `{column.name}` | {column.type} | {column.comment} |"
    yield ""


def _resource_kinds() -> Iterator[str]:
    yield "\n## Resource kinds\n"
    yield "What `value` and `properties` of `resource_events` mean, by `resource_type`. Properties are text; one that says"
    yield "nothing is absent. A source is the API's own field, where the property is taken as it stands.\n"
    kinds = resource_kinds()
    for kind in kinds.values():
        yield f"### {kind.type}\n"
        yield f"{kind.meaning}: `{kind.arn}`.\n"
        yield from _properties(kind)
        yield from (_edge(kind, edge) for edge in kind.edges)
        yield ""
    yield f"### Charges\n\n{CHARGE.meaning}.\n"
    yield from _properties(CHARGE)
    yield "### Named by bills alone\n\nNo collector finds them yet.\n"
    yield "| resource type | what it is | ARN |\n|---|---|---|"
    for kind in UNSCANNED:
        if kind.type not in kinds:
            yield f"| `{kind.type}` | {kind.meaning} | `{kind.arn}` |"


def _properties(kind: ResourceKind) -> Iterator[str]:
    yield "| property | events | meaning | unit | source |\n|---|---|---|---|---|"
    for found in (*kind.values, *kind.properties):
        yield f"| {_named(found)} | {found.event_type} | {found.meaning} | {found.unit or ''} | {found.source or ''} |"
    yield ""


def _named(found: Property) -> str:
    return "value (a column)" if found.name == "value" else f"`{found.name}`"


def _edge(kind: ResourceKind, edge: Edge) -> str:
    ends = (kind.type, edge.target) if edge.direction == "out" else (edge.target, kind.type)
    cost = "; its cost rolls up there" if edge.is_cost_parent else ""
    return f"- `{ends[0]}` {edge.relationship} `{ends[1]}`, by `{edge.through}`{cost}"


def _kept(table: Table) -> str:
    if table.retention_days is None:
        return "for ever"
    but = f"; for ever where {table.partition[0].name} is {table.kept_forever}" if table.kept_forever else ""
    return f"{table.retention_days} days{but}"


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(data_dictionary(parse_catalog(ROOT / "sql")), encoding="utf-8")
