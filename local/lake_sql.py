"""Athena SQL through Athena's API: starts a query, waits for it, and reads its rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lake.errors import QueryError
from local.answer import Answer

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.2


class GaveUpError(Exception):
    """Nobody waits for the query any more; it was cancelled."""


class LakeSql:
    """Athena in the deployment's workgroup and database."""

    def __init__(self, athena: AthenaClient, workgroup: str, database: str) -> None:
        self._athena, self._workgroup, self._database = athena, workgroup, database

    def ask(self, sql: str, gave_up: Callable[[], bool] = lambda: False) -> Answer:
        """Run one statement to its end. Raises QueryError with Athena's words, GaveUpError once gave_up says so."""
        try:
            started = self._athena.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Database": self._database}
            )
        except self._athena.exceptions.InvalidRequestException as error:
            raise QueryError(error.response["Error"]["Message"]) from error
        query_id = started["QueryExecutionId"]
        done = self._wait(query_id, gave_up)
        if done["Status"]["State"] != "SUCCEEDED":
            raise QueryError(done["Status"].get("StateChangeReason", done["Status"]["State"]))
        columns, rows = self._results(query_id)
        statistics = done["Statistics"]
        return Answer(
            columns,
            tuple(rows),
            int(statistics.get("DataScannedInBytes", 0)),
            int(statistics.get("EngineExecutionTimeInMillis", 0)),
        )

    def _wait(self, query_id: str, gave_up: Callable[[], bool]) -> Any:
        pause = FIRST_PAUSE_S
        while True:
            found = self._athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return found
            if gave_up():
                self._athena.stop_query_execution(QueryExecutionId=query_id)
                raise GaveUpError
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _results(self, query_id: str) -> tuple[tuple[tuple[str, str], ...], list[tuple[str | None, ...]]]:
        columns: tuple[tuple[str, str], ...] = ()
        rows: list[tuple[str | None, ...]] = []
        for page in self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
            found = page["ResultSet"]
            columns = tuple((c["Name"], c["Type"]) for c in found["ResultSetMetadata"]["ColumnInfo"])
            rows += [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in found["Rows"]]
        if rows and rows[0] == tuple(name for name, _ in columns):
            rows = rows[1:]
        return columns, rows
