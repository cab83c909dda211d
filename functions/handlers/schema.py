"""CloudFormation's custom resource for what it cannot make itself: views and reference data."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lake.athena import Athena
from lake.clients import CLIENT_CONFIG
from lake.environment import required
from lake.lake import Lake
from schema.step import SchemaStep

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Answers CloudFormation at the event's ResponseURL, whatever happens: silence would hang the stack for an hour."""
    try:
        changed = _apply(event)
    except Exception as error:
        logger.exception("the schema step failed")
        _answer(event, "FAILED", f"{type(error).__name__}: {error}")
        return
    _answer(event, "SUCCESS", f"{len(changed)} changes")


def _apply(event: Mapping[str, Any]) -> list[Any]:
    lake = Lake.from_env()
    step = SchemaStep(lake, Athena(lake.environment, "outlay"))
    new = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        step.drop_views(name for name, _ in reversed(new.get("Views", [])))
        return []
    is_allowed = str(new.get("AllowDestructiveChanges", "false")).lower() == "true"
    return step.apply(
        event.get("OldResourceProperties", {}),
        new,
        datetime.now(UTC),
        allow_destructive=is_allowed or (event["RequestType"] == "Update" and _is_rolled_back(event["StackId"])),
        role_arn=f"arn:{lake.glue.meta.partition}:iam::{{account_id}}:role/{required('OUTLAY_MEMBER_ROLE')}",
    )


def _is_rolled_back(stack_id: str) -> bool:
    """Whether CloudFormation is undoing an update that failed.

    It asks for that with old and new properties swapped, so that what the update added looks lost. Refusing it would leave
    the stack stuck, between two states.
    """
    (stack,) = boto3.client("cloudformation", config=CLIENT_CONFIG).describe_stacks(StackName=stack_id)["Stacks"]
    return stack["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"


def _answer(event: Mapping[str, Any], status: str, reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": event.get("PhysicalResourceId", "outlay-schema"),
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310  CloudFormation's own presigned address
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        logger.info("answered CloudFormation", extra={"status": status, "http_status": response.status})
