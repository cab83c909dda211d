"""Athena SQL on the lake that the last run left: opens it, asks, and shows what came back."""

from __future__ import annotations

import csv
import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from embedded.cloud.embedded import EmbeddedCloud
from lake.errors import QueryError
from local.report.plain import printable
from local.run import CONFIG, LAKE

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

INTEGERS, FLOATS = ("integer", "bigint", "smallint", "tinyint"), ("double", "float", "real")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5
RIGHT = (*INTEGERS, *FLOATS, "decimal")


@dataclass(frozen=True)
class Answer:
    """A query's columns (name, Athena type), its rows as Athena's own text, and what it scanned."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]
    scanned_bytes: int
    milliseconds: int


class LakeSql:
    """Athena in the deployment's workgroup and database."""

    def __init__(self, athena: AthenaClient, workgroup: str, database: str) -> None:
        self._athena, self._workgroup, self._database = athena, workgroup, database

    def ask(self, sql: str) -> Answer:
        """Run one statement to its end. Raises QueryError with Athena's words."""
        try:
            started = self._athena.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Database": self._database}
            )
        except self._athena.exceptions.InvalidRequestException as error:
            raise QueryError(error.response["Error"]["Message"]) from error
        query_id = started["QueryExecutionId"]
        done = self._wait(query_id)
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

    def _wait(self, query_id: str) -> Any:
        pause = FIRST_PAUSE_S
        while True:
            found = self._athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return found
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


@contextmanager
def open_lake() -> Iterator[LakeSql]:
    """The lake that the last run left, started again for as long as the block lasts. Raises StateError where none is."""
    with EmbeddedCloud.open(LAKE) as cloud:
        deployment = yaml.safe_load((CONFIG / "deployment.yaml").read_text(encoding="utf-8"))
        yield LakeSql(
            cloud.client("athena"), deployment.get("name", "outlay"), f"{deployment.get('database_prefix', '')}outlay"
        )


def show(answer: Answer, console: Console) -> None:
    """Rows as a table that fits the width, numbers to the right, then one line on what it took."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in answer.columns:
        table.add_column(Text(printable(name)), justify="right" if kind.split("(")[0] in RIGHT else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text("null", "dim") if cell is None else Text(printable(cell)) for cell in row))
    console.print(table)
    rows = f"{len(answer.rows):,} row{'' if len(answer.rows) == 1 else 's'}"
    console.print(f"[dim]{rows} · {answer.scanned_bytes:,} bytes scanned · {answer.milliseconds / 1000:.2f} s[/dim]")


def print_csv(answer: Answer) -> None:
    """Rows as CSV with a heading on standard output; null is an empty field."""
    writer = csv.writer(sys.stdout)
    writer.writerow([name for name, _ in answer.columns])
    writer.writerows(answer.rows)


def print_json(answer: Answer) -> None:
    """Rows as a JSON list of objects on standard output.

    Decimals are strings, so that they keep their digits; so are NaN and Infinity, for which JSON has no number.
    """
    rows = [
        {name: _json_value(kind, cell) for (name, kind), cell in zip(answer.columns, row, strict=True)}
        for row in answer.rows
    ]
    json.dump(rows, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def _json_value(kind: str, cell: str | None) -> str | int | float | bool | None:
    if cell is None:
        return None
    if kind in INTEGERS:
        return int(cell)
    if kind in FLOATS and math.isfinite(float(cell)):
        return float(cell)
    return cell == "true" if kind == "boolean" else cell
