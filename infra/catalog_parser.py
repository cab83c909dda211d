"""Reads sql/ into a Catalog. Runs at synth, in tests and for the docs; the functions only ever see its result.

`sql/<database>/{tables,rollups,views,queries}/<name>.sql`: the path is the name. Each file starts with a header of comment
lines: one sentence (or several), then `key: value` lines. What is wrong raises ConfigurationError with the file, the line's
key and value, and what would be right. `infra.reference_data` reads the CSVs in data/ beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NoReturn, TypeVar

import sqlglot
from sqlglot import exp

from infra.reference_data import read_reference_data
from infra.sql_comments import without_comments
from lake.arrow_types import arrow_type
from lake.catalog import Catalog
from lake.errors import ConfigurationError
from lake.relations import Check, Column, ReadDays, Rollup, SavedQuery, Table, View

KEYS = {
    "tables": {"grain": True, "partition": False, "retention": True},
    "rollups": {"parameters": True, "reads": True, "checks": True},
    "views": {"grain": True, "column": False},
    "queries": {},
}
_HEADER_KEY = re.compile(r"([a-z_]+):\s+(.*)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_READ = re.compile(r"((?:\w+\.)?\w+)(?:\(event_type = '(\w+)'\))?(?:\s+(-?\d+)\.\.(-?\d+))?( as built)?")
_RETENTIONS = {"forever": None, "90 days": 90, "1 year": 365}
_RETENTION = re.compile(rf"({'|'.join(_RETENTIONS)})(?:, forever where (\w+) = '(\w+)')?")
_PARAMETERS = ("first_day", "last_day")
_Relation = TypeVar("_Relation", Rollup, View)


@dataclass(frozen=True)
class SqlFile:
    """One file of sql/: its place, its parsed header and the text below it."""

    path: Path
    shown: str
    database: str
    kind: str
    name: str
    sentence: str
    header: dict[str, list[str]]
    sql: str

    def fail(self, problem: str) -> NoReturn:
        """Raise the one error that a reader of the file needs."""
        raise ConfigurationError(f"{self.shown}: {problem}")

    @property
    def full_name(self) -> str:
        """The relation that the file declares, as database.name."""
        return f"{self.database}.{self.name}"

    def qualified(self, name: str) -> str:
        """The full name of a relation as the file names it: without a database it is the file's own."""
        return name if "." in name else f"{self.database}.{name}"

    def one(self, key: str) -> str:
        """The only value of a header key; '' where an optional key is absent."""
        values = self.header.get(key, [""])
        if len(values) > 1:
            self.fail(f"the header says `{key}:` {len(values)} times; say it once")
        return values[0]

    def names(self, key: str) -> tuple[str, ...]:
        """A header key's comma-separated names."""
        return _split_names(self.one(key))


def parse_catalog(sql_folder: Path) -> Catalog:
    """Everything that sql_folder declares, checked: references resolve, no cycles, rollups have their tables."""
    files = [read_sql_file(path, sql_folder) for path in sorted(sql_folder.glob("*/*/*.sql"))]
    if not files:
        raise ConfigurationError(f"{sql_folder}: no <database>/<kind>/<name>.sql there; run from a complete checkout")
    by_kind = {kind: [file for file in files if file.kind == kind] for kind in KEYS}
    tables = tuple(_table(file) for file in by_kind["tables"])
    known = {table.full_name: table for table in tables}
    views = _in_order([_view(file) for file in by_kind["views"]])
    rollups = [_rollup(file, known, views) for file in by_kind["rollups"]]
    for file in by_kind["views"]:
        if file.full_name in known:
            file.fail(f"{file.full_name} is a table, too: sql/{file.database}/tables/{file.name}.sql; give one another name")
    names = set(known) | {view.full_name for view in views}
    references = {rollup.full_name: rollup.references for rollup in rollups}
    references |= {view.full_name: view.references for view in views}
    for file in by_kind["rollups"] + by_kind["views"]:
        for reference in references[file.full_name]:
            if reference not in names:
                file.fail(
                    f"it reads {reference!r}, which sql/ declares neither as a table nor as a view; "
                    "what another database has is written database.name"
                )
    filled = {rollup.full_name for rollup in rollups}
    return Catalog(
        tables=tuple(replace(table, is_built=table.full_name in filled) for table in tables),
        rollups=tuple(_in_order(rollups)),
        views=tuple(views),
        queries=tuple(SavedQuery(f.database, f.name, f.sentence, f.sql) for f in by_kind["queries"]),
        reference_rows=read_reference_data(sql_folder, known, filled),
    )


def read_sql_file(path: Path, sql_folder: Path) -> SqlFile:
    """Split a file into its parsed header and its SQL."""
    shown = (Path("sql") / path.relative_to(sql_folder)).as_posix()
    database, kind = path.parts[-3:-1]
    if kind not in KEYS:
        raise ConfigurationError(f"{shown}: the folder {kind!r} is none of {', '.join(KEYS)}; move the file")
    if not _NAME.fullmatch(path.stem):
        raise ConfigurationError(f"{shown}: {path.stem!r} is no relation's name; use lower case, digits and _")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    count = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    sentence, header = _parse_header([line[2:].strip() for line in lines[:count]])
    sql = "\n".join(lines[count:]).strip()
    if kind in ("rollups", "views"):
        sql = without_comments(sql)
    file = SqlFile(path, shown, database, kind, path.stem, sentence, header, sql)
    _check_header(file)
    return file


def _parse_header(lines: list[str]) -> tuple[str, dict[str, list[str]]]:
    sentence: list[str] = []
    header: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if match := _HEADER_KEY.fullmatch(line):
            current = header.setdefault(match[1], [])
            current.append(match[2].strip())
        elif current:
            current.append(line)
        else:
            sentence.append(line)
    return " ".join(sentence).strip(), header


def _check_header(file: SqlFile) -> None:
    keys = KEYS[file.kind]
    if not file.sentence:
        file.fail("the header has no sentence; begin the file with `-- What one row is.`")
    if not file.sql:
        file.fail("there is no SQL below the header")
    for key in file.header:
        if key not in keys:
            file.fail(f"the header's key {key!r} is unknown; {file.kind} take {', '.join(keys) or 'none'}")
    for key, needed in keys.items():
        if needed and key not in file.header:
            file.fail(f"the header lacks `{key}:`; {file.kind} need {', '.join(k for k, n in keys.items() if n)}")


def _parse(file: SqlFile) -> exp.Expr:
    try:
        statements = sqlglot.parse(file.sql, read="athena")
    except sqlglot.errors.ParseError as error:
        file.fail(f"cannot be parsed: {str(error).splitlines()[0]}")
    if len(statements) != 1 or statements[0] is None:
        file.fail(f"holds {len(statements)} statements; one file is one statement")
    return statements[0]


def _table(file: SqlFile) -> Table:
    statement = _parse(file)
    if not isinstance(statement, exp.Create) or not isinstance(statement.this, exp.Schema):
        file.fail("a file of tables/ holds one `create external table <name> (...)`")
    if statement.this.this.name != file.name:
        file.fail(f"creates {statement.this.this.name!r}; the file's name is the table's name")
    partitioned = statement.find(exp.PartitionedByProperty)
    columns = _columns(file, statement.this)
    partition = _columns(file, partitioned.this) if partitioned else ()
    names = [column.name for column in columns + partition]
    if tuple(column.name for column in partition) != file.names("partition"):
        file.fail(f"`partition: {file.one('partition')}` is not what `partitioned by` says")
    if unknown := [name for name in file.names("grain") if name not in names]:
        file.fail(f"`grain:` names {unknown[0]!r}, which is no column")
    days, kept_forever = _retention(file, partition)
    return Table(file.database, file.name, file.sentence, file.names("grain"), columns, partition, days, kept_forever)


def _retention(file: SqlFile, partition: tuple[Column, ...]) -> tuple[int | None, str | None]:
    """Days (None: for ever), and the value of the first partition column that is kept for ever all the same."""
    match = _RETENTION.fullmatch(file.one("retention"))
    if not match:
        file.fail(
            f"`retention: {file.one('retention')}` is unknown; use one of {', '.join(_RETENTIONS)}, with "
            "`, forever where column = 'value'` behind it for what is kept longer"
        )
    retention, column, value = match.groups()
    if column and (not partition or column != partition[0].name):
        file.fail(f"`retention:` looks at {column!r}; it can look at the first partition column alone")
    return _RETENTIONS[retention], value


def _columns(file: SqlFile, schema: exp.Expr) -> tuple[Column, ...]:
    columns = []
    for definition in schema.expressions:
        if not isinstance(definition, exp.ColumnDef) or definition.kind is None:
            file.fail(f"{definition.sql('hive')!r} is no `name type comment '...'`")
        comment = definition.find(exp.CommentColumnConstraint)
        if comment is None:
            file.fail(f"column {definition.name!r} has no comment; say what it means and its unit")
        kind = re.sub(r"\s+", "", definition.kind.sql("hive").lower())
        try:
            arrow_type(kind)
        except ConfigurationError as error:
            file.fail(f"column {definition.name!r}: {error}")
        columns.append(Column(definition.name, kind, comment.this.this))
    return tuple(columns)


def _rollup(file: SqlFile, tables: dict[str, Table], views: list[View]) -> Rollup:
    if file.full_name not in tables:
        file.fail(f"fills no table; add sql/{file.database}/tables/{file.name}.sql")
    table = tables[file.full_name]
    statement = _parse(file)
    expected = [column.name for column in table.all_columns]
    selected = list(statement.named_selects) if isinstance(statement, exp.Query) else []
    if selected != expected:
        wrong = next((i for i, pair in enumerate(zip(selected, expected, strict=False)) if pair[0] != pair[1]), None)
        at = min(len(selected), len(expected)) if wrong is None else wrong
        got, want = (names[at] if at < len(names) else "nothing" for names in (selected, expected))
        file.fail(f"selects {got!r} as column {at + 1} where tables/{file.name}.sql has {want!r}")
    if len(table.partition) != 1 or table.day_column is None:
        file.fail(f"tables/{file.name}.sql must be partitioned by one column, a date, for a rollup to fill it")
    marks = len(list(statement.find_all(exp.Placeholder)))
    parameters = file.names("parameters")
    if marks != len(parameters) or set(parameters) - set(_PARAMETERS):
        file.fail(f"`parameters: {file.one('parameters')}` must name each of the {marks} `?`: {' or '.join(_PARAMETERS)}")
    references, read_views = _stored(_references(statement, file.database), views)
    reads = tuple(_read(file, value) for value in file.header["reads"])
    if {read.relation for read in reads} != set(references):
        file.fail(f"`reads:` names {sorted({r.relation for r in reads})}, the SQL reads {sorted(references)}")
    checks = tuple(_check(file, value) for value in file.header["checks"])
    unique = [check.columns for check in checks if check.kind == "unique"]
    if len(unique) != 1 or set(unique[0]) != set(table.grain):
        file.fail(f"`checks:` must hold one unique(...), the table's grain: {', '.join(table.grain)}")
    others = tuple(name for name in references if name != file.full_name)
    return Rollup(
        file.database,
        file.name,
        file.sentence,
        file.sql,
        parameters,
        reads,
        checks,
        others,
        tuple(view.sql for view in read_views),
    )


def _stored(references: Iterable[str], views: list[View]) -> tuple[tuple[str, ...], list[View]]:
    """The references with each view expanded to the tables below it, and the views that were passed on the way."""
    names, passed = set(references), []
    for view in reversed(views):  # each view stands after what it reads
        if view.full_name in names:
            names = names - {view.full_name} | set(view.references)
            passed.append(view)
    return tuple(sorted(names)), passed[::-1]


def _read(file: SqlFile, value: str) -> ReadDays:
    match = _READ.fullmatch(value)
    if not match:
        file.fail(f"`reads: {value}` is no `relation`, `relation -30..0` or `resource_events(event_type = 'cost') 0..0`")
    first, last = (None if offset is None else int(offset) for offset in match.group(3, 4))
    return ReadDays(file.qualified(match[1]), first, last, match[2], as_built=match[5] is not None)


def _check(file: SqlFile, value: str) -> Check:
    match = re.fullmatch(r"(\w+)\((.*)\)", value)
    kind, arguments = (match[1], match[2]) if match else ("", "")
    if kind in ("unique", "not_null"):
        return Check(kind, _split_names(arguments))
    conserved = re.fullmatch(r"(\w+)(?: = (\w+))?, ((?:\w+\.)?\w+)(?: where (.+?))?(?:, per ([\w, ]+))?", arguments)
    if kind != "conserves" or not conserved:
        file.fail(
            f"`checks: {value}` is none of unique(a, b), not_null(a, b), "
            "conserves(mine = theirs, source where condition, per a, b)"
        )
    mine, theirs, source, where, per = conserved.groups()
    return Check(kind, (mine,), file.qualified(source), theirs or mine, where or "", _split_names(per or ""))


def _view(file: SqlFile) -> View:
    statement = _parse(file)
    if not isinstance(statement, exp.Query):
        file.fail("a file of views/ holds one SELECT; `create or replace view` is put in front of it")
    comments = dict(_column_comment(file, value) for value in file.header.get("column", []))
    columns = tuple(Column(name, "", comments.pop(name, "")) for name in statement.named_selects)
    if "*" in statement.named_selects or not all(column.name for column in columns):
        file.fail("the final select must name each column; no * and no unnamed expression")
    if comments:
        file.fail(f"`column: {next(iter(comments))}` is not selected by the view")
    return View(
        file.database,
        file.name,
        file.sentence,
        file.names("grain"),
        file.sql,
        columns,
        _references(statement, file.database),
    )


def _column_comment(file: SqlFile, value: str) -> tuple[str, str]:
    name, _, comment = value.partition(" ")
    if not comment:
        file.fail(f"`column: {value}` has no comment; write `column: name what it means`")
    return name, comment.strip()


def _references(statement: exp.Expr, database: str) -> tuple[str, ...]:
    """Full names of the relations that the statement reads, without its own CTEs."""
    ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
    tables = (table for table in statement.find_all(exp.Table) if table.db or table.name not in ctes)
    return tuple(sorted({f"{table.db or database}.{table.name}" for table in tables}))


def _split_names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _in_order(relations: list[_Relation]) -> list[_Relation]:
    by_name = {relation.full_name: relation for relation in relations}
    graph = {name: [r for r in relation.references if r in by_name] for name, relation in by_name.items()}
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ConfigurationError(
            f"sql/: these relations read each other in a circle: {' -> '.join(error.args[1])}"
        ) from error
