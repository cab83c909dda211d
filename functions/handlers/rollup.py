"""Lambda `rollup`: builds what is stale of every rollup, then removes what nobody reads any more.

Event: {"slot": "2026-11-20T09:20:00Z"}. Answer: days built and bytes scanned by rollup, and what was removed. Metrics:
DaysBuilt, RollupsFailed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lake.athena import Athena
from lake.catalog import load_catalog
from lake.clients import CLIENT_CONFIG
from lake.environment import Environment
from lake.errors import RollupError
from lake.times import slot_of
from rollups.build import Builder
from rollups.housekeeping import Housekeeping
from rollups.run import run_rollups
from rollups.sources import SourceVersions

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do what can be done; then fail, naming every rollup that failed."""
    environment, catalog, slot = Environment.from_env(), load_catalog(), slot_of(event)
    glue, s3 = boto3.client("glue", config=CLIENT_CONFIG), boto3.client("s3", config=CLIENT_CONFIG)
    sources = SourceVersions(s3, glue, environment, catalog, slot.date())
    builder = Builder(Athena(environment, "outlay"), glue, sources, environment, catalog)
    report = run_rollups(builder, catalog, slot, context.get_remaining_time_in_millis)
    removed = Housekeeping(s3, glue, environment, catalog).run(slot)
    metrics.add_metric("DaysBuilt", MetricUnit.Count, sum(len(built.days) for built in report.built))
    metrics.add_metric("RollupsFailed", MetricUnit.Count, len(report.failed))
    logger.info("rollups ran", extra={"failed": report.failed, "waiting": report.waiting})
    if report.failed:
        raise RollupError("; ".join(report.failed.values()))
    return {
        "built": [{**asdict(built), "days": [day.isoformat() for day in built.days]} for built in report.built],
        "is_complete": report.is_complete,
        "removed": asdict(removed),
    }
