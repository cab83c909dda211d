"""Lambda `notify`: tells Slack of the findings that are new or over, each once.

Event: {"slot": "2026-11-20T09:40:00Z"}. Answer: messages sent, and left for the next run. Metrics: NotificationsSent,
NotificationsFailed.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lake.athena import Athena
from lake.environment import required
from lake.lake import Lake
from lake.times import slot_of
from notifiers.notifier import Notifier
from notifiers.slack import slack_from_secret

SLACK_API_URL = "https://slack.com/api/"

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Say what can be said; then fail, naming every channel that refused."""
    slot = slot_of(event)
    lake, session = Lake.from_env(), boto3.Session()
    notifier = Notifier(
        lake=lake,
        read=Athena(lake.environment, "outlay").rows,
        slack=partial(
            slack_from_secret,
            session,
            required("OUTLAY_SLACK_SECRET_ARN"),
            os.environ.get("OUTLAY_SLACK_API_URL", SLACK_API_URL),
        ),
        memory_table=required("OUTLAY_IDEMPOTENCY_TABLE"),
        session=session,
    )
    result = notifier.run(context)
    metrics.add_metric("NotificationsSent", MetricUnit.Count, result.sent)
    metrics.add_metric("NotificationsFailed", MetricUnit.Count, len(result.failures))
    told = {"slot": slot.isoformat(), "sent": result.sent, "left": result.left, "refused_blocks": result.refused_blocks}
    logger.info("findings told", extra=told)
    result.raise_failures()
    return {"sent": result.sent, "left": result.left}
