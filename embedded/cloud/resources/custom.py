"""Custom resources: Create, Update and Delete events to the function behind ServiceToken, and its answer waited for.

The function answers by a PUT to ResponseURL, as with CloudFormation. Where AWS would wait an hour for a function that
has failed, or has ended without an answer, this reports it at once.
"""

import json
import threading
import uuid
from typing import Any

from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope, without

ANSWER_GRACE_S = 20  # after the function has returned
_waiting: dict[str, "_Answer"] = {}
_address: list[str] = []


class CustomResourceError(Exception):
    """The function said FAILED, failed itself, or gave no answer in time."""


class _Answer:
    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.content: dict[str, Any] = {}


def use_address(base_url: str) -> None:
    """Says where answers are to be PUT: the token is appended to this."""
    _address[:] = [base_url]


def take_answer(token: str, body: bytes) -> bool:
    """Delivers what a function PUT. False when nobody waits for that token."""
    answer = _waiting.get(token)
    if answer is None:
        return False
    answer.content = json.loads(body)
    answer.arrived.set()
    return True


def custom_type(kind: str) -> ResourceType:
    """The resource type of `Custom::Anything`."""

    def create(scope: Scope, properties: Properties) -> Made:
        return _ask("Create", kind, scope, properties, {})

    def update(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
        made = _ask(
            "Update",
            kind,
            scope,
            new,
            {"PhysicalResourceId": ref, "OldResourceProperties": _told(old)},
        )
        if made.ref != ref:
            delete(scope, ref, old)
        return made

    def delete(scope: Scope, ref: str, properties: Properties) -> None:
        _ask("Delete", kind, scope, properties, {"PhysicalResourceId": ref})

    return ResourceType(create, delete, update, ("ServiceToken",))


def _told(properties: Properties) -> Properties:
    """Properties as the function gets them: CloudFormation turns every number and boolean into a string."""
    return without(_as_strings(properties), "ServiceTimeout")


def _as_strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_strings(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ask(request: str, kind: str, scope: Scope, properties: Properties, extra: dict[str, Any]) -> Made:
    token = uuid.uuid4().hex
    answer = _waiting[token] = _Answer()
    event = {
        "RequestType": request,
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": _address[0] + token,
        "StackId": scope.stack.stack_id,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": scope.logical_id,
        "ResourceType": kind,
        "ResourceProperties": _told(properties),
        **extra,
    }
    try:
        _invoke(scope, properties["ServiceToken"], event)
        if not answer.arrived.wait(ANSWER_GRACE_S):
            raise CustomResourceError(f"{request}: {properties['ServiceToken']} ended without an answer.")
    finally:
        del _waiting[token]
    content = answer.content
    if content.get("Status") != "SUCCESS":
        raise CustomResourceError(f"{request}: {content.get('Reason') or 'the function reported failure.'}")
    ref = content.get("PhysicalResourceId") or extra.get("PhysicalResourceId") or event["RequestId"]
    return Made(ref, content.get("Data") or {})


def _invoke(scope: Scope, function: str, event: dict[str, Any]) -> None:
    answer = scope.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    if "FunctionError" in answer:
        error = json.loads(answer["Payload"].read())
        raise CustomResourceError(
            f"{event['RequestType']}: function {function} failed: {error.get('errorType')}: {error.get('errorMessage')}"
        )
