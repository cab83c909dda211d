"""Run Athena's queries: a few at once, each as its caller, each to one of Athena's ends."""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.glue.models import GlueBackend, glue_backends

from local.engine import catalog_statements, storage
from local.engine.configuration import UNLOAD_CATALOG
from local.engine.executions import QueryExecution
from local.engine.permissions import DeniedError
from local.engine.statements import Kind
from local.engine.trino_client import QueryError, Result, Trino
from local.engine.trino_types import TrinoType
from local.engine.values import athena_text, csv_line

_log = logging.getLogger(__name__)

_AT_ONCE = 4
_VARCHAR = TrinoType("varchar")
_CTAS_PROPERTIES = {"format", "external_location", "partitioned_by", "bucketed_by", "bucket_count"}
_COMPRESSIONS = ("write_compression", "parquet_compression", "orc_compression", "compression")
_PATH_EXISTS = "HIVE_PATH_ALREADY_EXISTS"


class StoppedError(Exception):
    """The query ends as CANCELLED, for the reason given."""


class QueryRunner:
    """A queue of queries and the threads that work it off."""

    def __init__(self, trino_port: Callable[[], int]) -> None:
        """Start the threads; they are daemons, so that no query keeps its process from ending."""
        self._trino_port = trino_port
        self._queue: queue.SimpleQueue[QueryExecution] = queue.SimpleQueue()
        for number in range(_AT_ONCE):
            threading.Thread(target=self._work, name=f"athena-{number}", daemon=True).start()

    @property
    def trino(self) -> Trino:
        """The engine; asking for it waits until it is ready, if it is still starting."""
        return Trino(self._trino_port())

    def submit(self, execution: QueryExecution) -> None:
        """Queue a query."""
        self._queue.put(execution)

    def _work(self) -> None:
        while True:
            execution = self._queue.get()
            if execution.stop_requested:
                execution.finish("CANCELLED", "Query cancelled by user")
                continue
            execution.started = time.time()
            execution.state = "RUNNING"
            self._run_to_an_end(execution)

    def _run_to_an_end(self, execution: QueryExecution) -> None:
        try:
            _RUN[execution.statement.kind](self.trino, execution)
        except QueryError as error:
            execution.finish("FAILED", str(error), by_user=error.by_user)
        except DeniedError as error:
            execution.finish("FAILED", str(error))
        except StoppedError as error:
            execution.finish("CANCELLED", str(error))
        except Exception as error:  # a query must end, and say why, whatever went wrong
            _log.exception("Query %s failed", execution.id)
            reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
            execution.finish("FAILED", reason, by_user=False)
        else:
            execution.finish("SUCCEEDED")


def _glue(execution: QueryExecution) -> GlueBackend:
    return glue_backends[execution.caller.account][execution.caller.region]


def _watch(execution: QueryExecution) -> Callable[[dict[str, Any]], None]:
    """Note how far a query is, and end it when somebody stops it or it reads too much."""

    def watch(stats: dict[str, Any]) -> None:
        execution.stats = stats
        if execution.stop_requested:
            raise StoppedError("Query cancelled by user")
        limit = execution.scan_limit_bytes
        if limit is not None and int(stats.get("physicalInputBytes", 0)) > limit:
            raise StoppedError("Query cancelled! : Bytes scanned limit was exceeded")

    return watch


def _run_sql(trino: Trino, execution: QueryExecution, sql: str, **options: Any) -> Result:
    result = trino.run(
        sql,
        execution.database,
        parameters=execution.parameters,
        watch=_watch(execution),
        **options,
    )
    execution.stats = result.stats
    return result


def _need_query(trino: Trino, execution: QueryExecution, *, data: bool = True) -> None:
    """Raise DeniedError unless the caller may read all that the statement's query reads."""
    caller = execution.caller
    if caller.allowed is None or not execution.statement.query:
        return
    if data:
        caller.need_results(execution.output_location)
    query = execution.statement.readable
    relations = trino.relations_read(query, execution.database, execution.parameters)
    if data:
        caller.need_reads(_glue(execution), relations)
    else:
        caller.need_definitions(relations)


def _select(trino: Trino, execution: QueryExecution) -> None:
    _need_query(trino, execution)
    result = _run_sql(trino, execution, execution.statement.sql)
    execution.columns = result.columns
    kinds = [kind for _, kind in result.columns]
    lines = [csv_line([name for name, _ in result.columns])]
    for row in result.rows:
        lines.append(csv_line([athena_text(v, kind) for v, kind in zip(row, kinds, strict=True)]))
    _put(execution, "".join(lines))


def _put(execution: QueryExecution, text: str) -> None:
    storage.put_text(execution.caller.account, execution.output_location, text)


def _unload(trino: Trino, execution: QueryExecution) -> None:
    statement = execution.statement
    _need_query(trino, execution)
    execution.caller.need_output(statement.location)
    options = dict(statement.options)
    codec = options.pop("compression", "'GZIP'").strip("'").upper()
    if "field_delimiter" in options:
        options["textfile_field_separator"] = options.pop("field_delimiter")
    options |= {"format": options["format"].upper(), "external_location": f"'{statement.location}'"}
    table = f"{UNLOAD_CATALOG}.results.unload_{uuid.uuid4().hex}"
    try:
        _create_table(trino, execution, table, options, codec)
    finally:
        # External: the objects stay. A query that failed has made no table.
        trino.run(f"DROP TABLE IF EXISTS {table}")
    _put_manifest(execution, statement.location, execution.output_location)


def _create_table(
    trino: Trino, execution: QueryExecution, table: str, options: dict[str, str], codec: str
) -> None:
    properties = ", ".join(f"{name} = {value}" for name, value in options.items())
    guard = "IF NOT EXISTS " if execution.statement.guarded else ""
    sql = f"CREATE TABLE {guard}{table} WITH ({properties}) AS\n{execution.statement.query}"
    catalog = UNLOAD_CATALOG if table.startswith(f"{UNLOAD_CATALOG}.") else "awsdatacatalog"
    codec_property = {f"{catalog}.compression_codec": codec}
    try:
        result = _run_sql(trino, execution, sql, properties=codec_property, lines_before=1)
    except QueryError as error:
        if error.name != _PATH_EXISTS:
            raise
        location = options["external_location"].strip("'")
        raise QueryError(
            _PATH_EXISTS,
            f"Target directory for table already exists: {location}. You may need to manually clean "
            f"the data at location '{location}' before retrying. Athena will not delete data in your "
            "account.",
            by_user=True,
        ) from error
    execution.update_count = int(result.rows[0][0]) if result.rows else 0


def _put_manifest(execution: QueryExecution, location: str, output: str) -> None:
    account = execution.caller.account
    execution.manifest_location = f"{output}-manifest.csv"
    written = "\n".join(storage.list_below(account, location))
    storage.put_text(account, execution.manifest_location, written)


def _ctas(trino: Trino, execution: QueryExecution) -> None:
    statement = execution.statement
    given = statement.options
    codecs = [given[name] for name in _COMPRESSIONS if name in given]
    options = {name: value for name, value in given.items() if name in _CTAS_PROPERTIES}
    options.setdefault("format", "'PARQUET'")
    options["format"] = options["format"].upper()
    options.setdefault("external_location", f"'{execution.output_location}/'")
    location = options["external_location"].strip("'")
    _need_query(trino, execution)
    execution.caller.need_output(location)
    execution.caller.need_glue("glue:CreateTable", *statement.qualified(execution.database))
    codec = codecs[0].strip("'").upper() if codecs else "GZIP"
    _create_table(trino, execution, statement.name.replace("`", '"'), options, codec)
    _put_manifest(execution, location, execution.output_location)


def _insert(trino: Trino, execution: QueryExecution) -> None:
    database, name = execution.statement.qualified(execution.database)
    _need_query(trino, execution)
    if execution.caller.allowed is not None:
        execution.caller.need_glue("glue:GetTable", database, name)
        table = _glue(execution).get_table(database, name).as_dict()
        execution.caller.need_output(table["StorageDescriptor"]["Location"])
    result = _run_sql(trino, execution, execution.statement.sql)
    execution.update_count = int(result.rows[0][0]) if result.rows else 0


def _view(trino: Trino, execution: QueryExecution) -> None:
    database, name = execution.statement.qualified(execution.database)
    _need_query(trino, execution, data=False)
    for action in ("glue:GetTable", "glue:CreateTable", "glue:UpdateTable"):
        execution.caller.need_glue(action, database, name)
    _run_sql(trino, execution, execution.statement.sql)
    _put(execution, "")


def _drop(trino: Trino, execution: QueryExecution) -> None:
    database, name = execution.statement.qualified(execution.database)
    for action in ("glue:GetTable", "glue:DeleteTable"):
        execution.caller.need_glue(action, database, name)
    _run_sql(trino, execution, execution.statement.sql)
    _put(execution, "")


def _explain(trino: Trino, execution: QueryExecution) -> None:
    _need_query(trino, execution, data="ANALYZE" in execution.statement.sql[:20].upper())
    _put_lines(execution, _run_sql(trino, execution, execution.statement.sql))


def _show_create_view(trino: Trino, execution: QueryExecution) -> None:
    execution.caller.need_glue("glue:GetTable", *execution.statement.qualified(execution.database))
    result = _run_sql(trino, execution, execution.statement.sql)
    text = str(result.rows[0][0]).replace("VIEW awsdatacatalog.", "VIEW ", 1)
    result.rows = [[text.replace(" SECURITY DEFINER AS", " AS", 1)]]
    _put_lines(execution, result)


def _put_lines(execution: QueryExecution, result: Result) -> None:
    """A result without a header, one line of text a row."""
    execution.columns = [(name, _VARCHAR) for name, _ in result.columns]
    lines = [line for row in result.rows for line in str(row[0]).splitlines()]
    _put(execution, "\n".join(lines))


def _catalog(trino: Trino, execution: QueryExecution) -> None:
    context = catalog_statements.Context(
        _glue(execution), trino, execution.database, execution.caller
    )
    columns, rows = catalog_statements.answer(context, execution.statement.sql)
    execution.columns = [(name, _VARCHAR) for name in columns]
    _put(execution, "\n".join("\t".join(row) for row in rows))


_RUN: dict[Kind, Callable[[Trino, QueryExecution], None]] = {
    Kind.SELECT: _select,
    Kind.UNLOAD: _unload,
    Kind.CTAS: _ctas,
    Kind.INSERT: _insert,
    Kind.VIEW: _view,
    Kind.DROP: _drop,
    Kind.EXPLAIN: _explain,
    Kind.SHOW_CREATE_VIEW: _show_create_view,
    Kind.CATALOG: _catalog,
}
