"""One query of Athena's: what was asked, how far it is, and how the API describes it."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from embedded.engine.permissions import QueryCaller
from embedded.engine.statements import Statement, StatementKind
from embedded.engine.trino_types import TrinoType

_SYSTEM_ERROR, _USER_ERROR = 1, 2


@dataclass
class QueryExecution:
    """A query from its submission on; `state` goes QUEUED, RUNNING, then one of three ends."""

    statement: Statement
    text: str
    database: str
    output_directory: str
    workgroup: str
    parameters: list[str]
    caller: QueryCaller
    context: dict[str, str]
    scan_limit_bytes: int | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str | None = None
    failed_by_user: bool = True
    stop_requested: bool = False
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    columns: list[tuple[str, TrinoType]] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)
    manifest_location: str | None = None
    update_count: int = 0

    @property
    def finished(self) -> bool:
        """Whether the query has come to one of its ends."""
        return self.state in ("SUCCEEDED", "FAILED", "CANCELLED")

    @property
    def has_result(self) -> bool:
        """Whether the result is a CSV with a header, as only a SELECT's is."""
        return self.statement.kind is StatementKind.SELECT

    @property
    def output_location(self) -> str:
        """Where the query's result is: its name says of what kind it is."""
        name = {
            StatementKind.SELECT: f"{self.id}.csv",
            StatementKind.UNLOAD: self.id,
            StatementKind.INSERT: self.id,
            StatementKind.CTAS: f"tables/{self.id}",
        }.get(self.statement.kind, f"{self.id}.txt")
        return f"{self.output_directory.rstrip('/')}/{name}"

    def finish(self, state: str, reason: str | None = None, *, by_user: bool = True) -> None:
        """Come to an end; `reason` is Athena's StateChangeReason."""
        self.reason, self.failed_by_user = reason, by_user
        self.completed = time.time()
        self.state = state

    def to_api(self) -> dict[str, Any]:
        """The QueryExecution of Athena's API."""
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.text,
            "StatementType": self.statement.kind.statement_type,
            "SubstatementType": self.statement.kind.value,
            "ResultConfiguration": {"OutputLocation": self.output_location},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.parameters:
            described["ExecutionParameters"] = self.parameters
        return described

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.reason and self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": _USER_ERROR if self.failed_by_user else _SYSTEM_ERROR,
                "ErrorType": 1006 if self.failed_by_user else 401,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        statistics = {
            "DataScannedInBytes": int(self.stats.get("physicalInputBytes", 0)),
            **self.timeline(),
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.manifest_location:
            statistics["DataManifestLocation"] = self.manifest_location
        return statistics

    def timeline(self) -> dict[str, int]:
        """How long the query took, in milliseconds, by what it did."""
        end = self.completed or time.time()
        queued = (self.started or end) - self.submitted
        engine = int(self.stats.get("elapsedTimeMillis", 0))
        total = _milliseconds(end - self.submitted)
        return {
            "EngineExecutionTimeInMillis": engine,
            "QueryPlanningTimeInMillis": int(self.stats.get("planningTimeMillis", 0)),
            "QueryQueueTimeInMillis": _milliseconds(queued),
            "ServicePreProcessingTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": max(total - engine - _milliseconds(queued), 0),
            "TotalExecutionTimeInMillis": total,
        }


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
