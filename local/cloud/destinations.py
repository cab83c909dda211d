"""Where the outcome of an asynchronous invocation goes: on-success and on-failure destinations, dead-letter queues."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3

from local.cloud.iam import service_credentials
from local.cloud.runtime import Outcome


def deliver_outcome(
    function: Any,
    config: dict[str, Any],
    payload: bytes,
    outcome: Outcome,
    request_id: str,
    attempts: int,
    endpoint: str,
) -> str | None:
    """Sends an invocation's outcome under the function's role; returns the ARN that got it, None where none is set."""
    destinations = config.get("DestinationConfig", {})
    side = "OnFailure" if outcome.error else "OnSuccess"
    target = destinations.get(side, {}).get("Destination")
    if target:
        record = _record(function, payload, outcome, request_id, attempts)
        send(target, json.dumps(record), {}, function.role, "lambda.amazonaws.com", endpoint)
        return str(target)
    dead_letters = getattr(function, "outlay_dead_letter_arn", None)
    if outcome.error and dead_letters:
        error = json.loads(outcome.payload)
        attributes = {
            "RequestID": request_id,
            "ErrorCode": "200",
            "ErrorMessage": error.get("errorMessage") or "-",
        }
        send(
            dead_letters,
            payload.decode(),
            attributes,
            function.role,
            "lambda.amazonaws.com",
            endpoint,
        )
        return str(dead_letters)
    return None


def _record(
    function: Any, payload: bytes, outcome: Outcome, request_id: str, attempts: int
) -> dict[str, Any]:
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


def send(
    target: str, body: str, attributes: dict[str, str], role: str, service: str, endpoint: str
) -> None:
    """Sends a message to a queue, topic or function (by ARN) as an AWS service that assumes `role`.

    Raises ClientError where the role may not, ValueError for a kind of target that is not known here.
    """
    _, _, kind, region, account, name = target.split(":", 5)
    keys = service_credentials(role, service, "delivery")
    client = (
        boto3.session.Session().client(
            kind,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
        )
        if kind in ("sqs", "sns", "lambda")
        else None
    )
    if client is None:
        raise ValueError(f"Can't deliver to {target}: only SQS, SNS and Lambda are known here.")
    typed = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
    if kind == "sqs":
        client.send_message(
            QueueUrl=f"{endpoint}/{account}/{name}", MessageBody=body, MessageAttributes=typed
        )
    elif kind == "sns":
        client.publish(TopicArn=target, Message=body, MessageAttributes=typed)
    else:
        client.invoke(FunctionName=target, InvocationType="Event", Payload=body.encode())
