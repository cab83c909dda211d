"""Runs SQL in Athena and brings small results back with their types."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lake.environment import Environment
from lake.errors import QueryError
from lake.sql_text import literal, with_literals

if TYPE_CHECKING:
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

FIRST_LOOK_S, LONGEST_WAIT_S = 0.1, 2.0
"""How long a query is left alone at first, and in the end."""
QUERY_FAILURES = (
    wr.exceptions.InvalidArgumentValue,
    wr.exceptions.InvalidArgumentCombination,
    ClientError,
    BotoCoreError,
)
"""Whatever keeps a query from its end, but for Athena's own verdict: a refused call, a connection that broke.

awswrangler raises the two about arguments where StartQueryExecution answers InvalidRequestException, as it does for a syntax
error. Without them one wrong rollup would end the run for all.
"""

QueryRow = dict[str, Any]
_CONVERT: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "double": float,
    "float": float,
    "real": float,
    "integer": int,
    "bigint": int,
    "smallint": int,
    "tinyint": int,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "timestamp": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
}


@dataclass(frozen=True)
class Finished:
    """A query that succeeded: its id, and the bytes that it read."""

    query_id: str
    scanned_bytes: int


class Athena:
    """Athena over one Glue database: what a statement names without a database stands there.

    Parameters replace the SQL's `?`, in order, before it is sent; they are SQL literals (see lake.sql_text).
    """

    def __init__(self, environment: Environment, database: str) -> None:
        self._environment, self._workgroup = environment, environment.workgroup
        self._database = environment.database(database)
        self._client = boto3.client("athena")

    def within(self, database: str) -> Athena:
        """The same for another database of the lake."""
        if self._environment.database(database) == self._database:
            return self
        other = copy(self)
        other._database = self._environment.database(database)
        return other

    def execute(self, sql: str, parameters: Sequence[str] = ()) -> Finished:
        """Run a statement to its end. Raises QueryError with Athena's words."""
        return self._run(with_literals(sql, parameters), sql)

    def rows(self, sql: str, parameters: Sequence[str] = ()) -> list[QueryRow]:
        """A query's rows as dicts: Decimal, int, float, bool, date, aware UTC datetime, str or None. For small results."""
        return list(self._results(self.execute(sql, parameters).query_id))

    def unload(self, sql: str, target: str, partitioned_by: str, parameters: Sequence[str]) -> Finished:
        """Write a query's rows as zstd Parquet under target (s3://…/, which must be empty), a folder for each day."""
        options = f"format = 'PARQUET', compression = 'ZSTD', partitioned_by = array[{literal(partitioned_by)}]"
        return self._run(f"unload ({with_literals(sql, parameters)}) to {literal(target)} with ({options})", sql)

    def _run(self, statement: str, shown: str) -> Finished:
        try:
            query_id = wr.athena.start_query_execution(
                statement, database=self._database, workgroup=self._workgroup, wait=False
            )
            execution = self._ended(str(query_id))
        except QUERY_FAILURES as error:
            raise QueryError(f"{_first_line(str(error))} in: {_shortened(shown)}") from error
        status = execution["Status"]
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason") or f"the query was {status['State'].lower()}"
            raise QueryError(f"{_first_line(reason)} in: {_shortened(shown)}")
        return Finished(str(query_id), int(execution.get("Statistics", {}).get("DataScannedInBytes", 0)))

    def _ended(self, query_id: str) -> QueryExecutionTypeDef:
        """The query once it has ended. Asked ever more rarely: many queries run at once, and the calls have a quota."""
        delay = FIRST_LOOK_S
        while True:
            execution = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            time.sleep(delay)
            delay = min(delay * 1.5, LONGEST_WAIT_S)

    def _results(self, query_id: str) -> Any:
        heading = True
        for page in self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            for row in page["ResultSet"]["Rows"]:
                if heading:  # SELECTs begin with their columns' names, SHOW and EXPLAIN do not
                    heading = False
                    if [cell.get("VarCharValue") for cell in row["Data"]] == [column["Name"] for column in columns]:
                        continue
                yield {
                    column["Name"]: _value(column["Type"], cell.get("VarCharValue"))
                    for column, cell in zip(columns, row["Data"], strict=True)
                }


def _value(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    return _CONVERT.get(kind, str)(text)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


def _shortened(sql: str) -> str:
    """Enough of the SQL to know which it was: a query may carry hundreds of lines."""
    return re.sub(r"\s+", " ", sql)[:120]
