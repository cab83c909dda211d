"""What an earlier attempt at the same part of a run has seen: a repetition that sees less must not take its place.

Lambda and Scheduler may deliver an event twice, and a person may send a dead letter again days later. Both attempts write
the same objects, so the second one, if the accounts refuse it by then, would replace good scans by failures.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lake.lake import Lake
from lake.outcomes import OK, Outcome, outcomes_key

_NOTHING_THERE = ("NoSuchKey", "404", "AccessDenied", "403")
"""S3's answers for an object that does not exist: a role that may not list the bucket is told AccessDenied."""

logger = Logger(child=True)


def saw_more(lake: Lake, collector: str, slot: datetime, part: int, outcomes: Iterable[Outcome]) -> bool:
    """Whether an earlier attempt scanned a place well that this one did not. Its outcomes are read from collector_runs."""
    good = {(outcome.aws_account_id, outcome.aws_region) for outcome in outcomes if outcome.status == OK}
    lost = _good_before(lake, outcomes_key(lake, collector, slot, part)) - good
    if lost:
        told = {"collector": collector, "slot": slot.isoformat(), "part": part, "places": sorted(map("/".join, lost))}
        logger.warning("an earlier attempt saw more and stands", extra=told)
    return bool(lost)


def _good_before(lake: Lake, key: str) -> set[tuple[str, str]]:
    """The accounts and regions that the outcomes under a key call well scanned; none where there is no such object."""
    try:
        body = lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOTHING_THERE:
            return set()
        raise
    rows = pq.read_table(pa.BufferReader(body), columns=["aws_account_id", "aws_region", "status"]).to_pylist()
    return {(row["aws_account_id"], row["aws_region"]) for row in rows if row["status"] == OK}
