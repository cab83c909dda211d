"""The actions of Athena's API that concern queries: each takes moto's request and returns the answer."""

import json
import re
from collections.abc import Callable
from typing import Any

from moto.athena.models import AthenaBackend, WorkGroup
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

from embedded.engine import results
from embedded.engine.errors import EngineError, InvalidStatementError
from embedded.engine.executions import QueryExecution
from embedded.engine.permissions import Allowed, QueryCaller
from embedded.engine.runner import QueryRunner
from embedded.engine.statements import Statement, parse_statement
from embedded.engine.submission import check_statement, resolve_output

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
_LIST_PAGE = 50
_RESULTS_PAGE = 1000


class InvalidRequestError(JsonRESTError):
    """Athena's InvalidRequestException."""

    code = 400

    def __init__(self, message: str) -> None:
        """Say what is wrong with the request."""
        super().__init__("InvalidRequestException", message)


class AthenaApi:
    """The actions: each takes moto's request and returns the answer."""

    ACTIONS = (
        "start_query_execution",
        "get_query_execution",
        "batch_get_query_execution",
        "list_query_executions",
        "stop_query_execution",
        "get_query_results",
        "get_query_runtime_statistics",
        "update_work_group",
    )

    def __init__(self, runner: QueryRunner, allowed: Allowed | None, enforced: Callable[[], bool]) -> None:
        self._runner = runner
        self._allowed = allowed
        self._enforced = enforced

    def start_query_execution(self, request: AthenaResponse) -> dict[str, Any]:
        """Check a query, queue it, and return its id; the same token starts it once."""
        text = request._get_param("QueryString")
        workgroup = _workgroup(request)
        given = {
            name: request._get_param(name)
            for name in ("QueryExecutionContext", "ResultConfiguration", "ExecutionParameters")
        }
        tokens = _tokens(request.athena_backend)
        token = request._get_param("ClientRequestToken")
        fingerprint = json.dumps([text, workgroup.name, given], sort_keys=True)
        if token in tokens:
            return {"QueryExecutionId": _same_request(tokens[token], fingerprint)}
        execution = self._execution(request, text, workgroup, given)
        request.athena_backend.executions[execution.id] = execution  # type: ignore[assignment]
        if token:
            tokens[token] = (fingerprint, execution.id)
        self._runner.submit(execution)
        return {"QueryExecutionId": execution.id}

    def _execution(
        self,
        request: AthenaResponse,
        text: str,
        workgroup: WorkGroup,
        given: dict[str, Any],
    ) -> QueryExecution:
        context = given["QueryExecutionContext"] or {}
        output = resolve_output(workgroup, given["ResultConfiguration"])
        try:
            directory = output.directory(request.current_account)
            statement = self._statement(text, enforced_output=output.enforced)
        except InvalidStatementError as error:
            raise InvalidRequestError(str(error)) from error
        except EngineError as error:
            raise JsonRESTError("InternalServerException", str(error)) from error
        return QueryExecution(
            statement=statement,
            text=text,
            database=(context.get("Database") or "default").lower(),
            output_directory=directory,
            workgroup=workgroup.name,
            parameters=given["ExecutionParameters"] or [],
            caller=self._caller(request),
            context=context,
            scan_limit_bytes=workgroup.configuration.get("BytesScannedCutoffPerQuery"),
        )

    def _statement(self, text: str, *, enforced_output: bool) -> Statement:
        statement = parse_statement(text)
        check_statement(self._runner, statement, enforced_output=enforced_output)
        return statement

    def _caller(self, request: AthenaResponse) -> QueryCaller:
        return QueryCaller(
            _access_key_id(request),
            request.current_account,
            request.region,
            self._allowed if self._enforced() else None,
        )

    def get_query_execution(self, request: AthenaResponse) -> dict[str, Any]:
        """How far a query is."""
        return {"QueryExecution": _find(request).to_api()}

    def batch_get_query_execution(self, request: AthenaResponse) -> dict[str, Any]:
        """How far several queries are; ids that nobody knows are unprocessed."""
        known = _executions(request.athena_backend)
        asked = request._get_param("QueryExecutionIds")
        return {
            "QueryExecutions": [known[one].to_api() for one in asked if one in known],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": one,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"QueryExecution {one} was not found",
                }
                for one in asked
                if one not in known
            ],
        }

    def list_query_executions(self, request: AthenaResponse) -> dict[str, Any]:
        """A workgroup's query ids, newest first."""
        workgroup = request._get_param("WorkGroup") or "primary"
        executions = reversed(_executions(request.athena_backend).values())
        ids = [one.id for one in executions if one.workgroup == workgroup]
        page, token = _page(request, ids, _LIST_PAGE)
        return {"QueryExecutionIds": page, **token}

    def stop_query_execution(self, request: AthenaResponse) -> dict[str, Any]:
        """Ask a query to end; one that has ended stays as it is."""
        _find(request).stop_requested = True
        return {}

    def get_query_results(self, request: AthenaResponse) -> dict[str, Any]:
        """A page of the rows of a query that has succeeded."""
        execution = _find(request)
        if execution.state in ("QUEUED", "RUNNING"):
            raise InvalidRequestError(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise InvalidRequestError(f"Query did not finish successfully. Final query state: {execution.state}")
        caller = self._caller(request)
        key = execution.output_location.removeprefix("s3://")
        if execution.has_result and not caller.may("s3:GetObject", f"arn:aws:s3:::{key}"):
            raise InvalidRequestError(f"Access denied when reading output: s3:GetObject on arn:aws:s3:::{key}")
        page, token = _page(request, results.rows(execution), _RESULTS_PAGE)
        return {
            "UpdateCount": execution.update_count,
            "ResultSet": results.result_set(execution, page),
            **token,
        }

    def update_work_group(self, request: AthenaResponse) -> dict[str, Any]:
        """Change what is given of a workgroup's configuration; moto cannot."""
        _workgroup(request).configuration.update(request._get_param("ConfigurationUpdates") or {})
        return {}

    def get_query_runtime_statistics(self, request: AthenaResponse) -> dict[str, Any]:
        """How long a query took, and what it read."""
        return {"QueryRuntimeStatistics": results.runtime_statistics(_find(request))}


def _access_key_id(request: AthenaResponse) -> str:
    """The key that signed the request, of whatever length (moto knows only those of AWS's)."""
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    return match[1] if match else ""


def _workgroup(request: AthenaResponse) -> WorkGroup:
    name = request._get_param("WorkGroup") or "primary"
    workgroup = request.athena_backend.work_groups.get(name)
    if workgroup is None:
        raise InvalidRequestError(f"WorkGroup {name} is not found.")
    if workgroup.state == "DISABLED":
        raise InvalidRequestError(f"WorkGroup {name} is disabled.")
    return workgroup


def _executions(backend: AthenaBackend) -> dict[str, QueryExecution]:
    return backend.executions  # type: ignore[return-value]


def _tokens(backend: AthenaBackend) -> dict[str, tuple[str, str]]:
    """What each ClientRequestToken asked, and the query that it started."""
    tokens: dict[str, tuple[str, str]] = backend.__dict__.setdefault("client_request_tokens", {})
    return tokens


def _same_request(earlier: tuple[str, str], fingerprint: str) -> str:
    if earlier[0] != fingerprint:
        raise InvalidRequestError("Idempotent parameters do not match")
    return earlier[1]


def _find(request: AthenaResponse) -> QueryExecution:
    query_id = request._get_param("QueryExecutionId")
    execution = _executions(request.athena_backend).get(query_id)
    if execution is None:
        raise InvalidRequestError(f"QueryExecution {query_id} was not found")
    return execution


def _page(request: AthenaResponse, items: list[Any], largest: int) -> tuple[list[Any], dict[str, str]]:
    """The page that was asked for, and the token of the next where there is one."""
    size = min(int(request._get_param("MaxResults") or largest), largest)
    start = int(request._get_param("NextToken") or 0)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more
