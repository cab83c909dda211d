"""Lambda `collect`: one scheduled run of one collector.

Event: {"collector": "ebs_volumes", "slot": "2026-11-20T09:00:00Z"}; a continuation adds "part" and "accounts",
and "collected": whether a scan of the parts before went well.
Answer: the run's counts. Metrics: EventsCollected; Scans (all but the skipped ones) and, of these, ScansFailed.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from collectors.scanning.member_role import MemberRole
from collectors.scanning.runner import Run, run
from lake.clients import CLIENT_CONFIG
from lake.configuration import Account, Configuration
from lake.environment import required
from lake.errors import ConfigurationError
from lake.lake import Lake
from lake.times import slot_name, slot_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
_lake = cache(Lake.from_env)  # once a process


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run the event's collector and hand what is left to the next part; the last part fails where no scan of any went well.

    No part before the last one does: Lambda would repeat it, and each repetition would begin the parts that follow anew.
    """
    collector, slot, part, accounts, collected = _parse(event)
    role = MemberRole(
        boto3.client("sts", config=CLIENT_CONFIG),
        required("OUTLAY_MEMBER_ROLE"),
        required("OUTLAY_EXTERNAL_ID"),
        f"outlay-{collector}-{slot_name(slot, part)}",
    )
    lake = _lake()
    home = _home(lake.configuration, context.invoked_function_arn)
    done = run(collector, slot, part, accounts, context.get_remaining_time_in_millis, lake, role, home)
    collected = collected or done.is_collected
    if done.left:
        _continue(done, slot, collected, context.invoked_function_arn)
    summary = _report(done)
    if not (done.left or collected):
        done.raise_if_failed()
    return summary


def _parse(event: dict[str, Any]) -> tuple[str, datetime, int, list[str] | None, bool]:
    """Collector, slot, part, account ids (None: all), and whether something was collected before.

    Raises ConfigurationError naming the field that is wrong.
    """
    collector, part, accounts = event.get("collector"), event.get("part", 0), event.get("accounts")
    if not isinstance(collector, str) or not collector:
        raise ConfigurationError(f"event field collector is {collector!r}; give a collector's name, such as ebs_volumes")
    if not isinstance(part, int) or isinstance(part, bool) or part < 0:
        raise ConfigurationError(f"event field part is {part!r}; give 0 or leave it out")
    if accounts is not None and not (isinstance(accounts, list) and all(isinstance(a, str) for a in accounts)):
        raise ConfigurationError(
            f"event field accounts is {accounts!r}; give a list of account ids as strings, or leave it out"
        )
    return collector, slot_of(event), part, accounts, event.get("collected") is True


def _home(configuration: Configuration, function_arn: str) -> Account:
    """The account that this function runs in, in this function's region alone."""
    _, _, _, region, account_id, *_ = function_arn.split(":")
    return replace(configuration.account(account_id) or Account(account_id, account_id), regions=(region,))


def _continue(done: Run, slot: datetime, collected: bool, function_arn: str) -> None:
    """Invoke this very function for the accounts that are left, without waiting."""
    event = {
        "collector": done.collector,
        "slot": slot.isoformat(),
        "part": done.next_part,
        "accounts": list(done.left),
        "collected": collected,
    }
    boto3.client("lambda", config=CLIENT_CONFIG).invoke(
        FunctionName=function_arn, InvocationType="Event", Payload=json.dumps(event).encode()
    )


def _report(done: Run) -> dict[str, Any]:
    """Log, count and return what the run did."""
    metrics.add_metric("EventsCollected", MetricUnit.Count, done.event_count)
    metrics.add_metric("Scans", MetricUnit.Count, done.tried)
    metrics.add_metric("ScansFailed", MetricUnit.Count, len(done.failures))
    metrics.add_metadata("collector", done.collector)
    summary = {
        "collector": done.collector,
        "events": done.event_count,
        "scans": dict(Counter(outcome.status for outcome in done.outcomes)),
        "accounts_left": len(done.left),
    }
    logger.info("collected", extra={"run": summary})
    return summary
