"""What running any kind of statement takes: its caller's permissions, the engine, the result's place."""

from collections.abc import Callable
from typing import Any

from moto.glue.models import GlueBackend, glue_backends

from embedded.engine import storage
from embedded.engine.configuration import CATALOG
from embedded.engine.executions import QueryExecution
from embedded.engine.trino_client import Trino, TrinoResult

CANCELLED_BY_USER = "Query cancelled by user"


class StoppedError(Exception):
    """The query ends as CANCELLED, for the reason given."""


def glue(execution: QueryExecution) -> GlueBackend:
    """The Glue that the caller sees."""
    return glue_backends[execution.caller.account][execution.caller.region]


def watch(execution: QueryExecution) -> Callable[[dict[str, Any]], None]:
    """Note how far a query is, and end it when somebody stops it or it reads too much."""

    def watch(stats: dict[str, Any]) -> None:
        execution.stats = stats
        if execution.stop_requested:
            raise StoppedError(CANCELLED_BY_USER)
        limit = execution.scan_limit_bytes
        if limit is not None and int(stats.get("physicalInputBytes", 0)) > limit:
            raise StoppedError("Query cancelled! : Bytes scanned limit was exceeded")

    return watch


def run_sql(trino: Trino, execution: QueryExecution, sql: str, **options: Any) -> TrinoResult:
    """Run SQL in the query's database with its parameters, and keep its statistics."""
    result = trino.run(
        sql,
        execution.database,
        parameters=execution.parameters,
        watch=watch(execution),
        **options,
    )
    execution.stats = result.stats
    return result


def need_query(trino: Trino, execution: QueryExecution, *, data: bool = True) -> None:
    """Raise DeniedError unless the caller may read all that the statement's query reads."""
    caller = execution.caller
    if caller.allowed is None or not execution.statement.query:
        return
    for database in {"default", execution.database}:  # Athena looks for one that is called default, too
        caller.need_glue("glue:GetDatabase", database)
    query = execution.statement.readable
    relations = trino.relations_read(query, execution.database, execution.parameters)
    for database in {schema for catalog, schema, _ in relations if catalog == CATALOG} - {execution.database}:
        caller.need_glue("glue:GetDatabase", database)
    if data:
        caller.need_reads(glue(execution), relations)
    else:
        caller.need_definitions(relations)


def put(execution: QueryExecution, text: str) -> None:
    """Write the query's result."""
    storage.put_text(execution.caller.account, execution.output_location, text)
