"""Where the outcome of an asynchronous invocation goes: on-success and on-failure destinations, dead-letter queues."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from moto.sqs.models import sqs_backends

from embedded.cloud import policies
from embedded.cloud.callers import service_credentials
from embedded.cloud.identity import credentials
from embedded.cloud.runtime import InvocationOutcome

_DELIVERABLE = ("sqs", "sns", "lambda")


@dataclass(frozen=True)
class Sender:
    """An AWS service that sends a message under a role, on behalf of a resource."""

    role: str
    service: str
    source_arn: str


def deliver_outcome(
    function: Any,
    config: dict[str, Any],
    payload: bytes,
    outcome: InvocationOutcome,
    request_id: str,
    attempts: int,
    endpoint: str,
) -> str | None:
    """Sends an invocation's outcome under the function's role; returns the ARN that got it, None where none is set."""
    sender = Sender(function.role, "lambda.amazonaws.com", function.function_arn)
    destinations = config.get("DestinationConfig", {})
    side = "OnFailure" if outcome.error else "OnSuccess"
    target = destinations.get(side, {}).get("Destination")
    if target:
        record = _record(function, payload, outcome, request_id, attempts)
        send(target, json.dumps(record), {}, sender, endpoint)
        return str(target)
    dead_letters = getattr(function, "outlay_dead_letter_arn", None)
    if outcome.error and dead_letters:
        error = json.loads(outcome.payload)
        attributes = {
            "RequestID": request_id,
            "ErrorCode": "200",
            "ErrorMessage": error.get("errorMessage") or "-",
        }
        send(dead_letters, payload.decode(), attributes, sender, endpoint)
        return str(dead_letters)
    return None


def _record(function: Any, payload: bytes, outcome: InvocationOutcome, request_id: str, attempts: int) -> dict[str, Any]:
    answer = json.loads(outcome.payload or b"null")
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted" if outcome.error else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            **({"functionError": outcome.error} if outcome.error else {}),
        },
        "responsePayload": answer,
    }


def send(target: str, body: str, attributes: dict[str, str], sender: Sender, endpoint: str) -> None:
    """Sends a message to a queue, topic or function (by ARN) as an AWS service does.

    Raises ClientError where the sender may not, ValueError for a kind of target unknown here.
    """
    _, _, kind, region, account, name = target.split(":", 5)
    if kind not in _DELIVERABLE:
        raise ValueError(f"Can't deliver to {target}: only SQS, SNS and Lambda are known here.")
    client = client_of(kind, region, endpoint, _keys(target, sender))
    typed = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
    if kind == "sqs":
        client.send_message(QueueUrl=f"{endpoint}/{account}/{name}", MessageBody=body, MessageAttributes=typed)
    elif kind == "sns":
        client.publish(TopicArn=target, Message=body, MessageAttributes=typed)
    else:
        client.invoke(FunctionName=target, InvocationType="Event", Payload=body.encode())


def client_of(service: str, region: str, endpoint: str, keys: dict[str, str]) -> Any:
    """A client with the keys of a role (as `service_credentials` gives them)."""
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys.get("AWS_SESSION_TOKEN"),
    )


def _keys(target: str, sender: Sender) -> dict[str, str]:
    """The role's keys, or an administrator's where a queue's own policy lets the service send."""
    _, _, kind, region, account, name = target.split(":", 5)
    queue = sqs_backends[account][region].queues.get(name) if kind == "sqs" else None
    if queue is not None and queue.policy:
        context = {"aws:SourceArn": sender.source_arn, "aws:SourceAccount": account}
        document = json.loads(queue.policy)
        if policies.trusts(document, "sqs:SendMessage", (sender.service,), context):
            return credentials(account, region)
    return service_credentials(sender.role, sender.service, "delivery", sender.source_arn)
