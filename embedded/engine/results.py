"""What GetQueryResults says: a query's rows, read back from its result in S3 as Athena does."""

from collections import OrderedDict
from typing import Any

from embedded.engine import storage
from embedded.engine.executions import QueryExecution
from embedded.engine.statements import StatementKind
from embedded.engine.values import csv_rows

_WITHOUT_ROWS = (StatementKind.UNLOAD, StatementKind.INSERT, StatementKind.CTAS)
_KEPT = 4
_parsed: OrderedDict[str, list[list[str | None]]] = OrderedDict()


def rows(execution: QueryExecution) -> list[list[str | None]]:
    """All rows of a finished query; a SELECT's first row is its header.

    The last few results stay parsed, so that paging through one does not read it again.
    """
    if execution.statement.kind in _WITHOUT_ROWS:
        return []
    if execution.id not in _parsed:
        text = storage.get_text(execution.caller.account, execution.output_location)
        parsed: list[list[str | None]] = (
            list(csv_rows(text)) if execution.has_result else [[line] for line in text.split("\n") if text]
        )
        _parsed[execution.id] = parsed
        if len(_parsed) > _KEPT:
            _parsed.popitem(last=False)
    return _parsed[execution.id]


def result_set(execution: QueryExecution, page: list[list[str | None]]) -> dict[str, Any]:
    """The ResultSet of Athena's API."""
    return {
        "Rows": [{"Data": [_datum(value) for value in row]} for row in page],
        "ResultSetMetadata": {"ColumnInfo": _column_info(execution)},
    }


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}


def _column_info(execution: QueryExecution) -> list[dict[str, Any]]:
    return [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": name,
            "Label": name,
            "Type": kind.name,
            "Precision": kind.precision,
            "Scale": kind.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": kind.name in ("varchar", "char"),
        }
        for name, kind in execution.columns
    ]


def runtime_statistics(execution: QueryExecution) -> dict[str, Any]:
    """The QueryRuntimeStatistics of Athena's API."""
    stats = execution.stats
    return {
        "Timeline": execution.timeline(),
        "Rows": {
            "InputRows": int(stats.get("physicalInputRows", stats.get("processedRows", 0))),
            "InputBytes": int(stats.get("physicalInputBytes", 0)),
            "OutputBytes": int(stats.get("outputBytes", stats.get("physicalWrittenBytes", 0))),
            "OutputRows": int(stats.get("outputRows", execution.update_count)),
        },
    }
