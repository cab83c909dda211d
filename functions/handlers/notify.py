"""Entry point of the notifier: tells Slack of findings that are new or over. Event: {"slot": "<scheduled time>"}."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lake.athena import Athena
from lake.catalog import load_catalog
from lake.configuration import load_configuration
from lake.environment import Environment, required
from lake.slots import slot_of
from notifiers.notifier import Notifier
from notifiers.slack import slack_from_secret

SLACK_API_URL = "https://slack.com/api/"

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Say what is new; the counts of messages sent and left for the next run.

    Raises OutlayError, after everything that could be sent was, where a channel failed.
    """
    slot = slot_of(event)
    environment, session = Environment.from_env(), boto3.Session()
    notifier = Notifier(
        environment=environment,
        catalog=load_catalog(),
        configuration=load_configuration(),
        read=Athena(environment, "outlay").rows,
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
    logger.info("notified", slot=slot.isoformat(), sent=result.sent, left=result.left, refused=result.refused_blocks)
    result.raise_failures()
    return {"sent": result.sent, "left": result.left}
