"""What Lambda records of an invocation: lines in the function's log group, if its role may write there, and metrics."""

import contextlib
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends

from embedded.cloud import iam
from embedded.cloud.runtime import InvocationOutcome

MAX_EVENTS = 10_000


def record_invocation(function: Any, outcome: InvocationOutcome, request_id: str, stream: Path) -> InvocationOutcome:
    """Writes logs and metrics of an invocation; returns its outcome with Lambda's own lines in the log."""
    duration = f"{outcome.duration_ms:.2f} ms"
    ending = json.loads(outcome.payload)["errorMessage"] + "\n" if not outcome.alive else ""
    log = (
        f"START RequestId: {request_id} Version: $LATEST\n{outcome.log}{ending}END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {duration}\tBilled Duration: {duration}\t"
        f"Memory Size: {function.memory_size} MB\n"
    )
    _to_log_group(function, log, stream.stem)
    _to_metrics(function, outcome)
    return replace(outcome, log=log)


def _to_log_group(function: Any, log: str, stream: str) -> None:
    backend = logs_backends[function.account_id][function.region]
    group = getattr(function, "outlay_log_group", f"/aws/lambda/{function.function_name}")
    arn = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{group}:log-stream:{stream}"
    if not all(iam.role_allowed(function.role, f"logs:{one}", arn) for one in ("CreateLogStream", "PutLogEvents")):
        return
    backend.ensure_log_group(group)
    with contextlib.suppress(ResourceAlreadyExistsException):  # a warm environment goes on with its own
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    lines = [line for line in log.splitlines() if line][-MAX_EVENTS:]
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])


def _to_metrics(function: Any, outcome: InvocationOutcome) -> None:
    dimensions = [{"Name": "FunctionName", "Value": function.function_name}]
    values = {
        "Invocations": (1.0, "Count"),
        "Errors": (1.0 if outcome.error else 0.0, "Count"),
        "Throttles": (0.0, "Count"),
        "Duration": (outcome.duration_ms, "Milliseconds"),
    }
    put_metrics(
        function.account_id,
        function.region,
        "AWS/Lambda",
        [
            {
                "MetricName": name,
                "Value": value,
                "Unit": unit,
                "Dimensions": dimensions,
                "Timestamp": utcnow(),
            }
            for name, (value, unit) in values.items()
        ],
    )
    for line in re.findall(r'^\{.*"_aws".*\}$', outcome.log, re.MULTILINE):
        _embedded_metrics(function, json.loads(line))


def record_lost_outcome(function: Any) -> None:
    """Count an outcome that could not be sent to the function's destination."""
    lost = {
        "MetricName": "DestinationDeliveryFailures",
        "Value": 1.0,
        "Unit": "Count",
        "Dimensions": [{"Name": "FunctionName", "Value": function.function_name}],
        "Timestamp": utcnow(),
    }
    put_metrics(function.account_id, function.region, "AWS/Lambda", [lost])


def _embedded_metrics(function: Any, record: dict[str, Any]) -> None:
    """A line in CloudWatch's embedded metric format, as Powertools prints it, becomes metric data."""
    for directive in record["_aws"]["CloudWatchMetrics"]:
        for keys in directive["Dimensions"] or [[]]:
            dimensions = [{"Name": key, "Value": str(record[key])} for key in keys]
            data = [
                {
                    "MetricName": metric["Name"],
                    "Value": float(value),
                    "Unit": metric.get("Unit", "None"),
                    "Dimensions": dimensions,
                    "Timestamp": utcnow(),
                }
                for metric in directive["Metrics"]
                for value in _values(record[metric["Name"]])
            ]
            put_metrics(function.account_id, function.region, directive["Namespace"], data)


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def put_metrics(account: str, region: str, namespace: str, data: list[dict[str, Any]]) -> None:
    """Adds data points to an account's CloudWatch."""
    cloudwatch_backends[account][region].put_metric_data(namespace, data)
