"""Athena's queries that fail, are cancelled, read too much or succeed in the end: what was published stands.

Each fault is a run of the rollups that cannot build the newest bill; the last test builds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config

from embedded.cloud.remote import Invocation
from tests.deployed.faults.ground import Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

STANDS = "the next run builds it; until then what was published stands"
BEFORE, AFTER = Decimal(4), Decimal(12)


@pytest.fixture(scope="module")
def stale(ground: Ground) -> Ground:
    """A bill of 4 dollars that is published and built, and one of 12 that is not built yet."""
    ground.deliver([line(1, 4.0)])
    ground.settle(later(0))
    ground.deliver([line(1, 12.0)])
    assert ground.fire("bills", later(1)).error is None
    return ground


def roll_up(ground: Ground) -> Invocation:
    done: Invocation = ground.cloud.invoke(ground.function("rollup"), {"slot": later(1).isoformat()})
    return done


def fails(ground: Ground, done: Invocation, *words: str) -> None:
    """The run failed with these words, and rang; readers see what they saw."""
    ground.cloud.clear_faults()
    assert done.error == "Unhandled"
    assert [word for word in words if word not in done.payload["errorMessage"]] == [], done.payload
    assert ground.total() == BEFORE
    assert ground.alarm("rollup-errors") >= 1
    assert ground.alarm("rollups-failed") >= 1


@fault("an Athena query fails", "alarms rollup-errors and rollups-failed, with Athena's words", STANDS)
def test_a_query_fails(stale: Ground) -> None:
    stale.inject("s3", "GetObject", "deny", caller="engine", containing="resource_events")
    fails(stale, roll_up(stale), "in: ")


@contextmanager
def meanwhile(ground: Ground) -> Iterator[Future[Invocation]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(roll_up, ground)


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@fault("an Athena query is cancelled", "alarms rollup-errors and rollups-failed: “Query cancelled by user”", STANDS)
def test_a_query_is_cancelled(stale: Ground) -> None:
    athena, workgroup = boto3.client("athena"), stale.deployed.workgroup
    stale.inject("s3", "GetObject", "delay", caller="engine", containing="resource_events", seconds=1.0)
    known = set(athena.list_query_executions(WorkGroup=workgroup)["QueryExecutionIds"])

    def running() -> str | None:
        for query in athena.list_query_executions(WorkGroup=workgroup)["QueryExecutionIds"]:
            if query not in known:
                status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
                return query if status == "RUNNING" else None
        return None

    with meanwhile(stale) as run:
        athena.stop_query_execution(QueryExecutionId=wait_for(running))
        fails(stale, run.result(), "cancelled")


@fault("an Athena query would read over its limit", "alarms rollup-errors and rollups-failed: “limit was exceeded”", STANDS)
def test_a_query_reads_too_much(stale: Ground) -> None:
    # Less than Athena lets anybody choose, as the test's bill is small.
    athena = boto3.client("athena", config=Config(parameter_validation=False))
    name = stale.deployed.workgroup
    limit = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]["BytesScannedCutoffPerQuery"]
    athena.update_work_group(WorkGroup=name, ConfigurationUpdates={"BytesScannedCutoffPerQuery": 1})
    try:
        done = roll_up(stale)
    finally:
        athena.update_work_group(WorkGroup=name, ConfigurationUpdates={"BytesScannedCutoffPerQuery": limit})
    fails(stale, done, "limit was exceeded")


@fault("Athena takes no queries", "alarms rollup-errors and rollups-failed: “AccessDeniedException”", STANDS)
def test_athena_takes_no_queries(stale: Ground) -> None:
    stale.inject("athena", "StartQueryExecution", "deny", caller=stale.caller("rollup"))
    fails(stale, roll_up(stale), "AccessDeniedException")


@fault(
    "a bill is restated between build and audit",
    "alarms rollup-errors and rollups-failed: the check that does not hold, and where the rejected build is",
    "the next run builds from the newer bill",
)
def test_a_source_changes_under_a_build(stale: Ground) -> None:
    stale.inject(
        "athena", "StartQueryExecution", "delay", caller=stale.caller("rollup"), containing="failed_check", seconds=4
    )
    with meanwhile(stale) as run:
        wait_for(lambda: stale.cloud.faults()[0]["seen"])
        stale.deliver([line(1, 5.0), line(1, 7.0)])
        assert stale.cloud.invoke(stale.function("bills"), {"slot": later(2).isoformat()}).error is None
        stale.deliver([line(1, 6.0), line(1, 6.5)])
        assert stale.cloud.invoke(stale.function("bills"), {"slot": later(2).isoformat()}).error is None
        fails(stale, run.result(), "outlay.cost_hourly was not published", '"outlay_builds"."cost_hourly"')
    stale.deliver([line(1, 5.0), line(1, 7.0)])
    assert stale.fire("bills", later(3)).error is None


@fault("Athena answers 500 and breaks connections, then succeeds", "none: the SDK tries again", "nothing to repair")
def test_queries_succeed_in_the_end(stale: Ground) -> None:
    stale.inject("athena", "GetQueryExecution", "500", caller=stale.caller("rollup"), times=2)
    stale.inject("athena", "StartQueryExecution", "drop", caller=stale.caller("rollup"), times=1)
    assert stale.fire("rollup", later(4)).error is None
    assert stale.total() == AFTER
