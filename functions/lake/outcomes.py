"""Outcomes of scans: the rows of collector_runs, written as one object a run and part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from lake.ids import stable_id
from lake.lake import Lake
from lake.text import encodable
from lake.times import naive, slot_name

OK, DENIED, THROTTLED, FAILED, SKIPPED = "ok", "denied", "throttled", "failed", "skipped"


@dataclass(frozen=True)
class Outcome:
    """How one scan ended; see collector_runs for its fields."""

    aws_account_id: str
    aws_region: str
    status: str
    event_count: int = 0
    duration_ms: int = 0
    error_code: str | None = None
    error_message: str | None = None


def outcomes_key(lake: Lake, collector: str, slot: datetime, part: int) -> str:
    """The key of the object that holds the outcomes of a run's part."""
    folder = lake.catalog.table("outlay.collector_runs").folder(slot.date().isoformat())
    return f"{folder}{_name(collector, slot, part)}.parquet"


def record_outcomes(lake: Lake, collector: str, slot: datetime, part: int, outcomes: Iterable[Outcome]) -> str:
    """Write a run's outcomes under a name that its collector, slot and part decide; returns the run's id.

    All collectors share the day's partition: one partition a day and not one a collector and day keeps Glue's lists short.
    """
    table = lake.catalog.table("outlay.collector_runs")
    run_id, day = stable_id("run", collector, slot.isoformat(), part), slot.date().isoformat()
    rows = [
        {
            **asdict(outcome),
            "run_id": run_id,
            "collector": collector,
            "slot": naive(slot),
            "part": part,
            "aws_account_id": encodable(outcome.aws_account_id),
            "aws_region": encodable(outcome.aws_region),
            "error_code": outcome.error_code and encodable(outcome.error_code),
            "error_message": outcome.error_message and encodable(outcome.error_message[:1000]),
        }
        for outcome in outcomes
    ]
    lake.append(table, (day,), _name(collector, slot, part), rows, ("aws_account_id", "aws_region"))
    return run_id


def _name(collector: str, slot: datetime, part: int) -> str:
    return f"{collector}-{slot_name(slot, part)}"
