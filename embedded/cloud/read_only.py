"""A lake opened for reading: what would change it is refused, before moto or the engine see it.

Queries still leave their results, as Athena does it, in a folder beside the lake.
"""

import io
import json
from collections.abc import Iterable
from typing import Any

from embedded.engine.errors import InvalidStatementError
from embedded.engine.statements import StatementKind, parse_statement

REFUSAL = "This lake is open for reading, and that would change it: ask with SELECT, SHOW, DESCRIBE or EXPLAIN."
_READS = ("Get", "BatchGet", "List", "Describe", "Search", "StopQueryExecution")
_READING_KINDS = (StatementKind.SELECT, StatementKind.SHOW_CREATE_VIEW)
_CHANGES = ("ALTER", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "MSCK", "REPLACE", "TRUNCATE", "UPDATE", "VACUUM")


class ReadOnly:
    """A WSGI application in front of another: lets through what reads."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request."""
        if self._reads(environ):
            answer: Iterable[bytes] = self._application(environ, start_response)
            return answer
        body = json.dumps({"__type": "InvalidRequestException", "message": REFUSAL, "Message": REFUSAL}).encode()
        start_response(
            "400 Bad Request", [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
        )
        return [body]

    def _reads(self, environ: dict[str, Any]) -> bool:
        if environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
            return True
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if operation != "StartQueryExecution":
            return bool(operation.startswith(_READS))
        return _reads_only(_body(environ).get("QueryString", ""))


def _body(environ: dict[str, Any]) -> Any:
    """The request's JSON; it can be read again afterwards."""
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(content)
    try:
        return json.loads(content or b"{}")
    except ValueError:
        return {}


def _reads_only(sql: str) -> bool:
    """Whether a statement changes nothing; one that Athena will refuse is let through, to be refused in its words."""
    try:
        statement = parse_statement(sql)
    except InvalidStatementError:
        return True
    if statement.kind is StatementKind.EXPLAIN:  # EXPLAIN ANALYZE runs what it explains
        return bool(statement.query) or "ANALYZE" not in statement.sql.upper()
    if statement.kind is StatementKind.CATALOG:
        return not statement.sql.upper().startswith(_CHANGES)
    return statement.kind in _READING_KINDS
