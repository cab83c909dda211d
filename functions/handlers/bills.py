"""Lambda `bills`: publishes every delivery of every configured bill that is not published yet.

Event: {"slot": "2026-11-20T09:00:00Z"}. Answer: rows by what was published. Metrics: BillRowsPublished,
BillsFailed, BillsOverdue, BillsShrunken (withdrawn and superseded ones and equal lines count: whatever a warning tells of).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from collectors.bills.run import collect_bills
from lake.lake import Lake
from lake.times import slot_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
_lake = cache(Lake.from_env)  # once a process


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do what can be done; then fail, naming every bill that could not be read."""
    run = collect_bills(_lake(), slot_of(event), context.get_remaining_time_in_millis)
    metrics.add_metric("BillRowsPublished", MetricUnit.Count, sum(run.published.values()))
    metrics.add_metric("BillsFailed", MetricUnit.Count, len(run.failures))
    metrics.add_metric("BillsShrunken", MetricUnit.Count, len(run.warnings))
    metrics.add_metric("BillsOverdue", MetricUnit.Count, len(run.overdue))
    for warning in (*run.warnings, *run.overdue):
        logger.warning(warning)
    told = {"published": run.published, "unchanged": len(run.unchanged), "skipped": run.skipped, "failures": run.failures}
    logger.info("bills read", extra=told)
    run.raise_if_failed()
    return {"published": run.published, "unchanged": len(run.unchanged), "is_complete": run.is_complete}
