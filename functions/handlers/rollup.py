"""Lambda `rollup`: builds what is stale of every rollup, then removes what nobody reads any more.

Event: {"slot": "2026-11-20T09:20:00Z"}. Answer: days built and bytes scanned by rollup, and what was removed. Metrics:
DaysBuilt, RollupsFailed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from lake.athena import Athena
from lake.errors import OutlayError, RollupError
from lake.lake import Lake
from lake.times import slot_of
from rollups.build import Builder
from rollups.housekeeping import Housekeeping, Removed
from rollups.refused import drop_refused
from rollups.run import run_rollups
from rollups.sources import SourceVersions

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do what can be done; then fail, naming every rollup that failed, partitions that were refused, and housekeeping."""
    lake, slot = Lake.from_env(), slot_of(event)
    refused = drop_refused(lake)
    builder = Builder(lake, Athena(lake.environment, "outlay"), SourceVersions(lake, slot.date()))
    report = run_rollups(builder, lake.catalog, slot, context.get_remaining_time_in_millis)
    metrics.add_metric("DaysBuilt", MetricUnit.Count, sum(len(built.days) for built in report.built))
    metrics.add_metric("RollupsFailed", MetricUnit.Count, len(report.failed))
    logger.info("rollups ran", extra={"failed": report.failed, "waiting": report.waiting})
    problems = [*refused, *report.failed.values()]
    removed = Removed()
    try:
        removed = Housekeeping(lake).run(slot)
    except (OutlayError, ClientError, BotoCoreError) as error:
        # What was not removed is tried again by the next run; it must not hide which rollups failed.
        logger.exception("housekeeping failed")
        problems.insert(0, f"housekeeping: {type(error).__name__}: {error}")
    if problems:
        raise RollupError("; ".join(problems))
    return {
        "built": [{**asdict(built), "days": [day.isoformat() for day in built.days]} for built in report.built],
        "is_complete": report.is_complete,
        "removed": asdict(removed),
    }
