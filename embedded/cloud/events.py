"""EventBridge: what S3 and callers of PutEvents send reaches the rules' functions, queues and topics.

moto delivers to few kinds of targets, invents parts of S3's events, and swallows what goes wrong; here a delivery that
fails is logged with its rule.
"""

import json
import logging
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.utils import get_backend
from moto.core.utils import iso_8601_datetime_without_milliseconds
from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.s3 import notifications
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

logger = logging.getLogger(__name__)
_OBJECT_EVENTS = {"s3:ObjectCreated": "Object Created", "s3:ObjectRemoved": "Object Deleted"}
_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}


def install() -> None:
    """Replaces moto's delivery in this process."""
    rule: Any = Rule
    rule.send_to_targets = _send_to_targets
    sender: Any = notifications
    sender._send_event_bridge_message = _object_event


def _object_event(account: str, bucket: Any, event_name: str, key: Any) -> None:
    """Tells the account's default bus that an object came or went, if rules listen to such events."""
    family, _, operation = str(getattr(event_name, "value", event_name)).rpartition(":")
    detail_type = _OBJECT_EVENTS.get(family)
    if detail_type is None:
        return
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": key.size,
                "etag": key.etag.strip('"'),
                "sequencer": uuid.uuid4().hex,
            },
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account,
            "source-ip-address": "127.0.0.1",
            "reason": _REASONS.get(operation, operation),
        },
    }
    backend = events_backends[account][bucket.region_name]
    for rule in list(backend.event_buses["default"].rules.values()):
        if rule.state != "DISABLED" and not rule.scheduled_expression:
            rule.send_to_targets(event)


def _send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """Delivers an event to all targets of a rule that it matches, each on its own thread."""
    if not self.event_pattern.matches_event(original_event):
        return
    event = dict(original_event)
    if isinstance(event.get("time"), int | float):
        moment = datetime.fromtimestamp(event["time"], UTC).replace(tzinfo=None)
        event["time"] = iso_8601_datetime_without_milliseconds(moment)
    for target in self.targets:
        threading.Thread(target=_deliver, args=(self.name, target, event), daemon=True).start()


def _deliver(rule: str, target: dict[str, Any], event: dict[str, Any]) -> None:
    _, _, service, region, account, name = target["Arn"].split(":", 5)
    body = _input(target, event)
    try:
        if service == "lambda":
            get_backend(account, region).get_function(target["Arn"]).invoke(body, {}, {})
        elif service == "sqs":
            sqs_backends[account][region].send_message(
                queue_name=name,
                message_body=body,
                group_id=target.get("SqsParameters", {}).get("MessageGroupId"),
            )
        elif service == "sns":
            sns_backends[account][region].publish(message=body, arn=target["Arn"])
        else:
            raise NotImplementedError(f"targets of {service} are not known here")
    except Exception:
        logger.exception("Rule %s could not deliver to %s", rule, target["Arn"])


def _input(target: dict[str, Any], event: Any) -> str:
    if "Input" in target:
        return str(target["Input"])
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        changed = EventTemplateParser.parse(
            input_template=transformer.get("InputTemplate"),
            input_paths_map=transformer.get("InputPathsMap", {}),
            event=event,
        )
        return changed if isinstance(changed, str) else json.dumps(changed)
    if "InputPath" in target:
        part: Any = event
        for step in target["InputPath"].removeprefix("$").strip(".").split("."):
            part = part[step] if step else part
        return json.dumps(part)
    return json.dumps(event)
