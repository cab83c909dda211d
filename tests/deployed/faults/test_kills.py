"""Functions that are killed: Lambda tries the same event again, and that repairs what the first attempt left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tests.deployed.faults.ground import CENTRAL, MEMBER, Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

AGAIN = "alarm {0}-errors; the log says Runtime.ExitError"
ADDRESSES = "elastic_ips"
EVENTS, RUNS = "tables/outlay/resource_events/", "tables/outlay/collector_runs/"


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at the call that the rule names."""

    when: str
    service: str
    operation: str
    where: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "kill"

    def inject(self, ground: Ground, purpose: str) -> None:
        ground.inject(self.service, self.operation, self.kind, caller=ground.caller(purpose), times=1, **self.where)


def kills(purpose: str, repaired: str, *found: Kill) -> pytest.MarkDecorator:
    """Parametrises a test with kills, each a row of the table."""
    return pytest.mark.parametrize(
        "kill",
        [
            pytest.param(kill, marks=fault(f"{purpose} killed {kill.when}", AGAIN.format(purpose), repaired), id=kill.when)
            for kill in found
        ],
    )


def address(ground: Ground) -> None:
    ec2 = ground.cloud.client("ec2", MEMBER)
    if not ec2.describe_addresses()["Addresses"]:
        ec2.allocate_address(Domain="vpc")


SCAN_KILLS = (
    Kill("before it writes its events", "s3", "PutObject", {"containing": EVENTS}),
    Kill("between writing and registering its events", "glue", "BatchCreatePartition", {"containing": "resource_events"}),
    Kill("between its events and its outcomes", "s3", "PutObject", {"containing": RUNS}),
    Kill("before it registers its outcomes", "glue", "BatchCreatePartition", {"containing": "collector_runs"}),
    Kill("before its answer is acknowledged", "runtime", "Response"),
)


@kills("collect", "the second attempt writes the same objects", *SCAN_KILLS)
def test_a_scan_that_is_killed_is_done_by_the_second_attempt(ground: Ground, kill: Kill) -> None:
    address(ground)
    slot, before = later(SCAN_KILLS.index(kill)), ground.alarm("collect-errors")
    kill.inject(ground, "collect")
    done = ground.fire(f"collect-{ADDRESSES}", slot)
    assert (done.error, done.attempts) == (None, 2)
    assert ground.alarm("collect-errors") == before + 1
    assert ground.events(slot) == {MEMBER: 1}
    assert [row["status"] for row in ground.outcomes(ADDRESSES) if row["slot"] == slot] == ["ok", "ok"]


@fault(
    "collect killed three times before its answer is acknowledged",
    "alarms collect-errors and collection-dead-letters; the dead letter holds the event",
    "the event sent again writes the same objects",
)
def test_what_is_still_unanswered_after_three_attempts_is_a_dead_letter(ground: Ground) -> None:
    ground.inject("runtime", "Response", "kill", caller=ground.caller("collect"))
    done = ground.fire(f"collect-{ADDRESSES}", later(40))
    ground.cloud.clear_faults()
    assert (done.error, done.attempts) == ("Unhandled", 3)
    assert ground.alarm("collection-dead-letters") == 1
    (letter,) = ground.dead_letters()
    assert letter["requestPayload"]["collector"] == ADDRESSES
    assert ground.events(later(40)) == {MEMBER: 1}, "all that was missing was the answer"
    assert ground.cloud.invoke(ground.function("collect"), letter["requestPayload"]).error is None
    assert ground.events(later(40)) == {MEMBER: 1}, "a dead letter that is sent again doubles nothing"


@pytest.fixture(scope="module")
def continuing(ground: Ground) -> Iterator[Ground]:
    """So many accounts, and so little time, that a run continues itself; the member account comes with the second part."""

    def many_accounts(settings: dict[str, Any]) -> None:
        central, member = settings["accounts"]
        others = [{**member, "account_id": f"3{number:011d}", "enabled": False} for number in range(24)]
        settings["accounts"] = [central, *others, member]

    address(ground)
    with ground.reconfigured("collect", many_accounts), ground.with_seconds("collect", 45):
        yield ground


CONTINUATION_KILLS = (
    Kill("before it continues itself", "lambda", "Invoke"),
    Kill("after it continued itself, so that it continues twice", "lambda", "Invoke", kind="kill after"),
    Kill("in the middle of its continuation", "s3", "PutObject", {"containing": "-0001.parquet"}),
)


@kills("collect", "both parts are tried again and write the same objects", *CONTINUATION_KILLS)
def test_a_continued_scan_that_is_killed_is_done_in_the_end(continuing: Ground, kill: Kill) -> None:
    ground, slot = continuing, later(10 + CONTINUATION_KILLS.index(kill))
    kill.inject(ground, "collect")
    done = ground.fire(f"collect-{ADDRESSES}", slot)
    assert done.error is None
    assert ground.events(slot) == {MEMBER: 1}
    found = [row for row in ground.outcomes(ADDRESSES) if row["slot"] == slot and row["status"] != "skipped"]
    assert [(row["aws_account_id"], row["part"], row["status"]) for row in found] == [(CENTRAL, 0, "ok"), (MEMBER, 1, "ok")]


BILL_KILLS = (
    Kill("while it reads a bill", "s3", "GetObject", {"containing": ".parquet"}),
    Kill("in the middle of writing a bill's days", "s3", "PutObject", {"containing": EVENTS, "nth": 2}),
    Kill("between writing and publishing a bill", "glue", "BatchUpdatePartition"),
    Kill("when half of a bill's days are published", "glue", "BatchUpdatePartition", kind="kill after"),
    Kill("between a bill and its outcome", "s3", "PutObject", {"containing": RUNS, "nth": 2}),
)


@kills("bills", "the second attempt publishes what is not published, once", *BILL_KILLS)
def test_a_bill_that_is_killed_is_published_by_the_second_attempt(ground: Ground, kill: Kill) -> None:
    round_ = BILL_KILLS.index(kill)
    ground.deliver([line(day, 2.0 + round_) for day in range(1, 4)])
    assert ground.fire("bills", later(0)).error is None
    ground.deliver([line(day, 10.0 + round_) for day in range(1, 6)])
    kill.inject(ground, "bills")
    done = ground.fire("bills", later(1 + round_))
    assert (done.error, done.attempts) == (None, 2)
    assert ground.charged() == {"aws.harbor.2026-11": (5, Decimal(10 + round_) * 5)}
    (outcome,) = [row for row in ground.outcomes("aws") if row["slot"] == later(1 + round_) and row["aws_region"]]
    assert (outcome["status"], outcome["event_count"]) == ("ok", 5)
    assert ground.alarm("bills-errors") >= 1


ROLLUP_KILLS = (
    Kill("while Athena builds", "athena", "GetQueryExecution", {"nth": 2}),
    Kill("between building and publishing", "glue", "BatchUpdatePartition", {"containing": "cost_hourly"}),
)


@kills(
    "rollup",
    "the second attempt builds what is not published, once; what the first left unread goes in a week",
    *ROLLUP_KILLS,
)
def test_a_rollup_that_is_killed_is_built_by_the_second_attempt(ground: Ground, kill: Kill) -> None:
    usd = 20.0 + ROLLUP_KILLS.index(kill)
    ground.deliver([line(day, usd) for day in range(1, 3)])
    assert ground.fire("bills", later(20)).error is None
    kill.inject(ground, "rollup")
    done = ground.fire("rollup", later(20))
    assert (done.error, done.attempts) == (None, 2)
    assert ground.total() == sum(usd for _, usd in ground.charged().values())
    assert ground.alarm("rollup-errors") >= 1
