"""SQS queues that feed functions: each event source mapping is polled, as Lambda's pollers do."""

import json
import logging
import threading
import time
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.models import Queue, sqs_backends

from embedded.cloud.lambdas import Lambdas

logger = logging.getLogger(__name__)
POLL_S = 0.25


def start(lambdas: Lambdas) -> None:
    """Starts polling; moto's own delivery (one message an event, at send time, no partial failures) is turned off."""
    queue: Any = Queue
    queue.lambda_event_source_mappings = property(lambda self: {}, lambda self, value: None)
    threading.Thread(target=_poll_for_ever, args=(lambdas,), daemon=True).start()


def _poll_for_ever(lambdas: Lambdas) -> None:
    polled: set[str] = set()
    while True:
        for account, regions in list(lambda_backends.items()):
            for region, backend in list(regions.items()):
                for mapping in list(backend._event_source_mappings.values()):
                    if mapping.uuid not in polled and ":sqs:" in mapping.event_source_arn:
                        polled.add(mapping.uuid)
                        arguments = (lambdas, backend, account, region, mapping)
                        threading.Thread(target=_poll_one, args=arguments, daemon=True).start()
        time.sleep(POLL_S)


def _poll_one(lambdas: Lambdas, backend: Any, account: str, region: str, mapping: Any) -> None:
    """Polls for one mapping until it is deleted."""
    while mapping.uuid in backend._event_source_mappings:
        if mapping.enabled:
            try:
                _poll(lambdas, backend, account, region, mapping)
            except Exception:
                logger.exception("Polling %s for %s failed", mapping.event_source_arn, mapping.function_arn)
        time.sleep(POLL_S)


def _poll(lambdas: Lambdas, backend: Any, account: str, region: str, mapping: Any) -> None:
    queue_name = mapping.event_source_arn.rsplit(":", 1)[-1]
    sqs: Any = sqs_backends[account][region]
    queue = sqs.queues.get(queue_name)
    if queue is None or not queue.messages:
        return
    timeout = int(queue.visibility_timeout)
    messages = sqs.receive_message(queue_name, min(int(mapping.batch_size or 10), 10), 0, timeout)
    if not messages:
        return
    function = backend.get_function(mapping.function_arn)
    event = {"Records": [_record(message, mapping, region) for message in messages]}
    outcome, _ = lambdas.invoke(function, json.dumps(event).encode())
    failed = {message.id for message in messages} if outcome.error else _failed_items(mapping, outcome.payload)
    for message in messages:
        if message.id in failed:
            sqs.change_message_visibility(queue_name, message.receipt_handle, 0)
        else:
            sqs.delete_message(queue_name, message.receipt_handle)


def _failed_items(mapping: Any, payload: bytes) -> set[str]:
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return set()
    answer = json.loads(payload or b"null") or {}
    return {item["itemIdentifier"] for item in answer.get("batchItemFailures", [])}


def _record(message: Any, mapping: Any, region: str) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": "embedded",
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp or ""),
        },
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.event_source_arn,
        "awsRegion": region,
    }
