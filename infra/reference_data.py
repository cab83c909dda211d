"""Reads sql/<database>/data/<table>.csv, the rows of reference tables, at synth: every value is one of its column's type.

The header names the table's columns, in any order. An empty value is null. Values stay text, as the catalog ships them.
What is wrong raises ConfigurationError with the file, the line, the column, the value and what would be right.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from lake.catalog import ReferenceRow
from lake.column_text import value_of
from lake.errors import ConfigurationError
from lake.relations import Table
from schema.reference_tables import FROM_CONFIGURATION


def read_reference_data(
    sql_folder: Path, tables: Mapping[str, Table], filled: Collection[str]
) -> dict[str, tuple[ReferenceRow, ...]]:
    """The rows of every CSV, by full name of its table. tables are all that sql/ declares, filled those of a rollup."""
    found = {}
    for path in sorted(sql_folder.glob("*/data/*")):
        shown = (Path("sql") / path.relative_to(sql_folder)).as_posix()
        if path.suffix != ".csv":
            _fail(shown, "is no <table>.csv; data/ holds the rows of reference tables and nothing else, move it")
        full_name = f"{path.parts[-3]}.{path.stem}"
        if full_name not in tables:
            _fail(shown, f"sql/ declares no table {full_name!r}; add sql/{path.parts[-3]}/tables/{path.stem}.sql")
        if full_name in filled:
            _fail(shown, f"{full_name} is filled by its rollup; remove one of the two")
        if full_name in FROM_CONFIGURATION:
            _fail(shown, f"{full_name} is filled from config/; remove the file and change config/ instead")
        if tables[full_name].partition:
            _fail(shown, f"{full_name} is partitioned, a reference table is one object; declare it without `partitioned by`")
        found[full_name] = tuple(_rows(path, shown, tables[full_name]))
    return found


def _rows(path: Path, shown: str, table: Table) -> Iterator[ReferenceRow]:
    lines = _lines(path, shown)
    _, header = next(lines, (1, []))
    _check_header(shown, header, table)
    kinds = {column.name: column.type for column in table.columns}
    seen: dict[tuple[Any, ...], int] = {}
    for line, texts in lines:
        at = f"{shown}:{line}"
        if len(texts) != len(header):
            _fail(at, f"has {len(texts)} values where the header has {len(header)}; quote a value that holds a comma")
        row = {name: text or None for name, text in zip(header, texts, strict=True)}
        values = {name: _value(at, name, text, kinds[name]) for name, text in row.items()}
        if missing := [name for name in table.grain if values[name] is None]:
            _fail(at, f"column {missing[0]!r} is empty; it is part of the table's grain, give it a value")
        key = tuple(values[name] for name in table.grain)
        if key in seen:
            shown_key = ", ".join(f"{name} {row[name]!r}" for name in table.grain)
            _fail(at, f"{shown_key} stands in line {seen[key]}, too; `grain:` says that it is unique, remove one")
        seen[key] = line
        yield row


def _lines(path: Path, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line; a quoted value may go over several."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(shown, f"byte {error.start} is no UTF-8; save the file as UTF-8")
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        _fail(f"{shown}:{line}", f"cannot be read as CSV: {error}; a quote within a quoted value is written twice")


def _check_header(shown: str, header: list[str], table: Table) -> None:
    columns = [column.name for column in table.columns]
    at, remedy = f"{shown}:1", f"the header names each column of {table.full_name} once: {','.join(columns)}"
    for name in header:
        if name not in columns:
            _fail(at, f"{name!r} is no column; {remedy}")
        if header.count(name) > 1:
            _fail(at, f"column {name!r} stands there {header.count(name)} times; {remedy}")
    if missing := [name for name in columns if name not in header]:
        _fail(at, f"column {missing[0]!r} is missing; {remedy}")


def _value(at: str, column: str, text: str | None, kind: str) -> Any:
    if text is None:
        return None
    try:
        return value_of(text, kind)
    except ValueError as error:
        _fail(at, f"column {column!r} is {text!r}, which is no {kind}; {error}")


def _fail(at: str, problem: str) -> NoReturn:
    raise ConfigurationError(f"{at}: {problem}")
