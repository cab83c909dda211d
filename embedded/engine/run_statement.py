"""Run a statement of any kind: the permissions it needs, the SQL it becomes, what it leaves in S3."""

from collections.abc import Callable

from embedded.engine import catalog_statements
from embedded.engine.catalog_context import Context
from embedded.engine.executions import QueryExecution
from embedded.engine.running import glue, need_query, put, run_sql
from embedded.engine.statements import StatementKind
from embedded.engine.trino_client import Trino, TrinoResult
from embedded.engine.trino_types import TrinoType
from embedded.engine.values import athena_text, csv_line
from embedded.engine.write_statements import ctas, insert, unload

_VARCHAR = TrinoType("varchar")


def run_statement(trino: Trino, execution: QueryExecution) -> None:
    """Run a query as its caller.

    Raises QueryError where it fails, DeniedError where the caller may not, StoppedError where it
    was stopped or read more than its workgroup lets it.
    """
    execution.caller.need_results(execution.output_location)  # even DDL leaves a result
    _RUN[execution.statement.kind](trino, execution)


def _select(trino: Trino, execution: QueryExecution) -> None:
    need_query(trino, execution)
    result = run_sql(trino, execution, execution.statement.sql)
    execution.columns = result.columns
    kinds = [kind for _, kind in result.columns]
    lines = [csv_line([name for name, _ in result.columns])]
    for row in result.rows:
        lines.append(csv_line([athena_text(v, kind) for v, kind in zip(row, kinds, strict=True)]))
    put(execution, "".join(lines))


def _view(trino: Trino, execution: QueryExecution) -> None:
    database, name = execution.statement.qualified(execution.database)
    need_query(trino, execution, data=False)
    for action in ("glue:GetTable", "glue:CreateTable", "glue:UpdateTable"):
        execution.caller.need_glue(action, database, name)
    run_sql(trino, execution, execution.statement.sql)
    put(execution, "")


def _drop(trino: Trino, execution: QueryExecution) -> None:
    database, name = execution.statement.qualified(execution.database)
    for action in ("glue:GetTable", "glue:DeleteTable"):
        execution.caller.need_glue(action, database, name)
    run_sql(trino, execution, execution.statement.sql)
    put(execution, "")


def _explain(trino: Trino, execution: QueryExecution) -> None:
    need_query(trino, execution, data="ANALYZE" in execution.statement.sql[:20].upper())
    _put_lines(execution, run_sql(trino, execution, execution.statement.sql))


def _show_create_view(trino: Trino, execution: QueryExecution) -> None:
    execution.caller.need_glue("glue:GetTable", *execution.statement.qualified(execution.database))
    result = run_sql(trino, execution, execution.statement.sql)
    text = str(result.rows[0][0]).replace("VIEW awsdatacatalog.", "VIEW ", 1)
    result.rows = [[text.replace(" SECURITY DEFINER AS", " AS", 1)]]
    _put_lines(execution, result)


def _put_lines(execution: QueryExecution, result: TrinoResult) -> None:
    """A result without a header, one line of text a row."""
    execution.columns = [(name, _VARCHAR) for name, _ in result.columns]
    lines = [line for row in result.rows for line in str(row[0]).splitlines()]
    put(execution, "\n".join(lines))


def _catalog(trino: Trino, execution: QueryExecution) -> None:
    context = Context(glue(execution), trino, execution.database, execution.caller)
    columns, rows = catalog_statements.answer(context, execution.statement.sql)
    execution.columns = [(name, _VARCHAR) for name in columns]
    put(execution, "\n".join("\t".join(row) for row in rows))


_RUN: dict[StatementKind, Callable[[Trino, QueryExecution], None]] = {
    StatementKind.SELECT: _select,
    StatementKind.UNLOAD: unload,
    StatementKind.CTAS: ctas,
    StatementKind.INSERT: insert,
    StatementKind.VIEW: _view,
    StatementKind.DROP: _drop,
    StatementKind.EXPLAIN: _explain,
    StatementKind.SHOW_CREATE_VIEW: _show_create_view,
    StatementKind.CATALOG: _catalog,
}
