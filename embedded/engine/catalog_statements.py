"""Hive's own DDL as people type it in Athena, answered from Glue: Trino does not speak it."""

import re
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import JsonRESTError

from embedded.engine.alter_partitions import alter_partitions
from embedded.engine.catalog_context import Answer, Context, Handler, Rows
from embedded.engine.errors import InvalidStatementError
from embedded.engine.show_create import show_create_table
from embedded.engine.statements import unquote
from embedded.engine.trino_client import TrinoError

_NAME = r"(?P<name>[\w.\"`]+)"


def answer(context: Context, text: str) -> Answer:
    """Do what the statement says; (column names, rows)."""
    handler, match = _find(text)
    return handler(context, match)


def check(text: str) -> None:
    """Raise InvalidStatementError when nobody here answers `text`."""
    _find(text)


def _find(text: str) -> tuple[Handler, re.Match[str]]:
    for pattern, handler in _HANDLERS:
        if match := pattern.fullmatch(text):
            return handler, match
    if re.match(r"CREATE\s+EXTERNAL\s+TABLE", text, re.I):
        raise InvalidStatementError(
            "CREATE EXTERNAL TABLE is not run by the embedded Athena: a table is declared in "
            "sql/<database>/tables/<name>.sql and created by the deployment"
        )
    raise InvalidStatementError(f"Queries of this type are not supported: {text[:80]}")


def _show_databases(context: Context, match: re.Match[str]) -> Answer:
    context.caller.need_glue("glue:GetDatabases")
    names = sorted(database.name for database in context.glue.get_databases())
    return ["database_name"], _matching(names, match["like"])


def _show_tables(context: Context, match: re.Match[str]) -> Answer:
    database = unquote(match["database"])[-1] if match["database"] else context.database
    context.caller.need_glue("glue:GetTables", database)
    tables = context.glue.get_tables(database, None)
    if match["what"].upper() == "VIEWS":
        tables = [one for one in tables if one.as_dict().get("TableType") == "VIRTUAL_VIEW"]
    return ["tab_name"], _matching(sorted(table.name for table in tables), match["like"])


def _matching(names: list[str], like: str | None) -> Rows:
    """The names that a Hive pattern selects: `*` for any text, `|` for a choice."""
    patterns = (like or "*").lower().split("|")
    return [[name] for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _show_partitions(context: Context, match: re.Match[str]) -> Answer:
    table = context.table(match["name"], "glue:GetPartitions")
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    if not keys:
        raise TrinoError("FAILED", f"Table {match['name']} is not a partitioned table", by_user=True)
    partitions = context.glue.get_partitions(table["DatabaseName"], table["Name"], "")
    names = (
        "/".join(f"{key}={value}" for key, value in zip(keys, partition.values, strict=True)) for partition in partitions
    )
    return ["partition"], [[name] for name in sorted(names)]


def _show_columns(context: Context, match: re.Match[str]) -> Answer:
    table = context.table(match["name"])
    return ["field"], [[column["Name"]] for column in _columns(table)]


def _describe(context: Context, match: re.Match[str]) -> Answer:
    table = context.table(match["name"])
    rows = [[f"{column['Name']:<20}\t{column['Type']:<20}\t{column.get('Comment') or '':<20}"] for column in _columns(table)]
    return ["col_name\tdata_type\tcomment"], rows


def _columns(table: dict[str, Any]) -> list[dict[str, str]]:
    return [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]


def _show_create(context: Context, match: re.Match[str]) -> Answer:
    lines = show_create_table(context.table(match["name"]))
    return ["createtab_stmt"], [[line] for line in lines]


def _repair(context: Context, match: re.Match[str]) -> Answer:
    table = context.table(match["name"], "glue:BatchCreatePartition")
    database, name = table["DatabaseName"], table["Name"]
    context.trino.run(f"CALL system.sync_partition_metadata('{database}', '{name}', 'ADD')")
    return [], []


def _create_database(context: Context, match: re.Match[str]) -> Answer:
    context.caller.need_glue("glue:CreateDatabase")
    (name,) = unquote(match["name"])
    location = {"LocationUri": match["location"]} if match["location"] else {}
    try:
        context.glue.create_database(name, {"Name": name, **location})
    except JsonRESTError as error:
        if match["guard"] is None:
            raise TrinoError("FAILED", f"Database {name} already exists", by_user=True) from error
    return [], []


def _drop_database(context: Context, match: re.Match[str]) -> Answer:
    (name,) = unquote(match["name"])
    context.caller.need_glue("glue:DeleteDatabase", name)
    try:
        tables = context.glue.get_tables(name, None)
        if tables and match["cascade"] is None:
            message = f"Database {name} is not empty. One or more tables exist."
            raise TrinoError("FAILED", message, by_user=True)
        context.glue.delete_database(name)
    except JsonRESTError as error:
        if match["guard"] is None:
            raise TrinoError("SCHEMA_NOT_FOUND", str(error.message), by_user=True) from error
    return [], []


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+").replace("{NAME}", _NAME), re.I | re.DOTALL)


_LIKE = r"(?: (?:LIKE )?'(?P<like>[^']*)')?"
_HANDLERS: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (_pattern(rf"SHOW (?:DATABASES|SCHEMAS){_LIKE}"), _show_databases),
    (
        _pattern(rf"SHOW (?P<what>TABLES|VIEWS)(?: (?:IN|FROM) (?P<database>[\w\"`]+))?{_LIKE}"),
        _show_tables,
    ),
    (_pattern("SHOW PARTITIONS {NAME}"), _show_partitions),
    (_pattern("SHOW COLUMNS (?:IN|FROM) {NAME}"), _show_columns),
    (_pattern("SHOW CREATE TABLE {NAME}"), _show_create),
    (_pattern("DESC(?:RIBE)?(?: EXTENDED| FORMATTED)? {NAME}"), _describe),
    (_pattern("MSCK REPAIR TABLE {NAME}"), _repair),
    (
        _pattern(
            r"ALTER TABLE {NAME} (?P<verb>ADD|DROP)(?P<guard> IF(?: NOT)? EXISTS)?"
            r" (?P<partitions>PARTITION\s*\(.*)"
        ),
        alter_partitions,
    ),
    (
        _pattern(
            r"CREATE (?:DATABASE|SCHEMA)(?P<guard> IF NOT EXISTS)? {NAME}"
            r"(?: COMMENT '[^']*')?(?: LOCATION '(?P<location>[^']+)')?"
        ),
        _create_database,
    ),
    (
        _pattern(
            r"DROP (?:DATABASE|SCHEMA)(?P<guard> IF EXISTS)? {NAME}"
            r"(?: (?:RESTRICT|(?P<cascade>CASCADE)))?"
        ),
        _drop_database,
    ),
)
