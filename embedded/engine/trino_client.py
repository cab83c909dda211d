"""Run one statement on Trino and watch it while it runs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from trino.client import ClientSession, TrinoQuery, TrinoRequest
from trino.exceptions import HttpError, TrinoConnectionError, TrinoQueryError

from embedded.engine.configuration import CATALOG
from embedded.engine.errors import EngineError
from embedded.engine.trino_types import TrinoType, parse_type

_POSITION = re.compile(r"\bline (\d+):")

Watch = Callable[[dict[str, Any]], None]


class TrinoError(Exception):
    """A query that Trino refused or gave up; `text` reads as Athena's StateChangeReason."""

    def __init__(self, name: str, message: str, *, by_user: bool) -> None:
        """Keep Trino's error name (COLUMN_NOT_FOUND), its message, and whose fault it is."""
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.by_user = by_user


@dataclass
class TrinoResult:
    """What a statement returned; values are as Trino's protocol carries them."""

    columns: list[tuple[str, TrinoType]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)
    query_id: str = ""

    @property
    def scanned_bytes(self) -> int:
        """Bytes that were read from storage."""
        return int(self.stats.get("physicalInputBytes", 0))


@dataclass(frozen=True)
class Trino:
    """A Trino that answers on 127.0.0.1:`port`."""

    port: int

    def run(
        self,
        sql: str,
        database: str = "default",
        *,
        parameters: list[str] | None = None,
        properties: dict[str, str] | None = None,
        watch: Watch = lambda stats: None,
        lines_before: int = 0,
    ) -> TrinoResult:
        """Run `sql` to its end.

        `watch` sees Trino's statistics while the query runs; what it raises ends the query.
        `lines_before` is how many lines we put before the user's own, for the positions in errors.
        Raises TrinoError, and EngineError when nothing answers.
        """
        session = ClientSession(user="athena", catalog=CATALOG, schema=database, timezone="UTC", properties=properties)
        with requests.Session() as http:
            http.trust_env = False  # a proxy has no business between us and loopback
            request = TrinoRequest("127.0.0.1", self.port, session, http_session=http)
            query = TrinoQuery(
                request,
                _with_parameters(sql, parameters),
                legacy_primitive_types=True,
                stats_callback=watch,
            )
            return self._finish(query, lines_before)

    def _finish(self, query: TrinoQuery, lines_before: int) -> TrinoResult:
        try:
            rows = list(query.execute())
        except TrinoQueryError as error:
            raise _query_error(error, lines_before) from error
        except (TrinoConnectionError, HttpError) as error:
            raise EngineError(
                f"The engine does not answer on port {self.port} ({type(error).__name__}): is it running?"
            ) from error
        except BaseException:
            query.cancel()
            raise
        columns = [(one["name"], parse_type(one["type"])) for one in query.columns or []]
        return TrinoResult(columns, rows, dict(query.stats), query.query_id or "")

    def check_syntax(self, sql: str) -> None:
        """Raise TrinoError when `sql` does not parse; nothing is looked up or run."""
        self.run(f"PREPARE statement FROM\n{sql}", lines_before=1)

    def relations_read(self, query: str, database: str, parameters: list[str] | None) -> list[tuple[str, str, str]]:
        """(catalog, schema, name) of each table and view that `query` reads, through views too.

        The query is analysed and planned, with nothing read. Raises TrinoError where it is wrong.
        """
        planned = f"SELECT * FROM (\n{query}\n) LIMIT 0"  # noqa: S608 - the user's own SQL
        result = self.run(planned, database, parameters=parameters, lines_before=1)
        info = requests.get(
            f"http://127.0.0.1:{self.port}/v1/query/{result.query_id}?pruned=true",
            headers={"X-Trino-User": "athena"},
            proxies={"http": ""},
            timeout=30,
        )
        info.raise_for_status()
        relations = info.json()["referencedTables"]
        return sorted({(one["catalog"], one["schema"], one["table"]) for one in relations})


def _with_parameters(sql: str, parameters: list[str] | None) -> str:
    if not parameters:
        return sql
    quoted = sql.replace("'", "''")
    return f"EXECUTE IMMEDIATE '{quoted}' USING {', '.join(parameters)}"


def _query_error(error: TrinoQueryError, lines_before: int) -> TrinoError:
    def shift(match: re.Match[str]) -> str:
        return f"line {max(int(match[1]) - lines_before, 1)}:"

    message = _POSITION.sub(shift, str(error.message))
    by_user = error.error_type == "USER_ERROR"
    return TrinoError(str(error.error_name), message, by_user=by_user)
