"""EventBridge Scheduler on request: fires a deployed schedule as Scheduler would at a given time.

The target function is invoked asynchronously under the schedule's role. A delivery that fails (no permission, no such
function) is tried as often as the schedule's RetryPolicy says, then goes to the schedule's dead-letter queue; what a
function does with a delivered event is Lambda's business: its own retries, its own queue.
"""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.scheduler.models import scheduler_backends

from embedded.cloud.callers import service_credentials
from embedded.cloud.destinations import Sender, client_of, send
from embedded.cloud.lambdas import Lambdas
from embedded.cloud.remote import Invocation
from embedded.cloud.service_metrics import count_start

SERVICE = "scheduler.amazonaws.com"
RETRY_PAUSE_S = 0.1
MAX_LOCAL_RETRIES = 5  # whatever the template says: the default of 185 spreads over a day


class NoSuchScheduleError(LookupError):
    """No schedule, or more than one, has that text in its name."""


def find(name_part: str) -> Any:
    """The one deployed schedule whose name contains `name_part`. Raises NoSuchScheduleError."""
    every = [
        schedule
        for account in list(scheduler_backends.values())
        for backend in list(account.values())
        for group in backend.schedule_groups.values()
        for schedule in group.schedules.values()
    ]
    exact = [schedule for schedule in every if schedule.name == name_part]
    found = exact or [schedule for schedule in every if name_part in schedule.name]
    if len(found) != 1:
        names = ", ".join(sorted(schedule.name for schedule in found or every)) or "none is deployed"
        raise NoSuchScheduleError(f"{len(found)} schedules match '{name_part}'; choose from: {names}.")
    return found[0]


def fire(lambdas: Lambdas, name_part: str, at: datetime) -> Invocation:
    """Fires a schedule as if it were `at`, and waits until all that follows has ended."""
    schedule = find(name_part)
    target = schedule.target
    execution = str(uuid.uuid4())
    retries = min(int(target["RetryPolicy"].get("MaximumRetryAttempts", MAX_LOCAL_RETRIES)), MAX_LOCAL_RETRIES)
    for attempt in range(1, retries + 2):
        payload = _input(schedule, at, execution, attempt)
        try:
            request_id = _deliver(lambdas.endpoint, schedule, payload)
            _count(schedule, failed=False)
        except (ClientError, PermissionError) as error:
            _count(schedule, failed=True)
            failure: Exception = error
            time.sleep(RETRY_PAUSE_S)
            continue
        return lambdas.wait_for(request_id)
    return _give_up(lambdas.endpoint, schedule, payload, failure, retries + 1)


def _count(schedule: Any, *, failed: bool) -> None:
    _, _, _, region, account, _ = schedule.arn.split(":", 5)
    count_start(account, region, schedule.group_name, failed=failed)


def _deliver(endpoint: str, schedule: Any, payload: str) -> str:
    target = schedule.target
    region = target["Arn"].split(":")[3]
    keys = service_credentials(target["RoleArn"], SERVICE, "schedule", _group_arn(schedule))
    client = client_of("lambda", region, endpoint, keys)
    answer = client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=payload.encode())
    return str(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"])


def _group_arn(schedule: Any) -> str:
    """The ARN that trust policies see as aws:SourceArn: the schedule's group."""
    service, _, _ = schedule.arn.partition(":schedule/")
    return f"{service}:schedule-group/{schedule.group_name}"


def _input(schedule: Any, at: datetime, execution: str, attempt: int) -> str:
    values = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "<aws.scheduler.execution-id>": execution,
        "<aws.scheduler.attempt-number>": str(attempt),
    }
    text = str(schedule.target.get("Input") or "{}")
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def _give_up(endpoint: str, schedule: Any, payload: str, error: Exception, attempts: int) -> Invocation:
    queue = schedule.target.get("DeadLetterConfig", {}).get("Arn")
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if queue:
        attributes = {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": str(error),
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": schedule.target["Arn"],
            "RETRY_ATTEMPTS": str(attempts - 1),
        }
        sender = Sender(schedule.target["RoleArn"], SERVICE, _group_arn(schedule))
        try:
            send(queue, payload, attributes, sender, endpoint)
        except (ClientError, PermissionError):  # as Scheduler: the event is lost
            queue = None
    answer = {"errorType": code, "errorMessage": str(error)}
    return Invocation(str(uuid.uuid4()), schedule.target["Arn"], code, answer, attempts, "", queue)


def deployed() -> list[dict[str, Any]]:
    """Every deployed schedule as name, expression, state and target, for people and tests."""
    return [
        {
            "name": schedule.name,
            "expression": schedule.schedule_expression,
            "state": schedule.state,
            "target": schedule.target["Arn"],
            "input": json.loads(schedule.target.get("Input") or "{}"),
        }
        for account in list(scheduler_backends.values())
        for backend in list(account.values())
        for group in backend.schedule_groups.values()
        for schedule in group.schedules.values()
    ]
