"""Accidents that people have, and what a role that was taken over could try: told, and without harm to what others did."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import boto3
import pytest

from tests.deployed.faults.ground import MEMBER, Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

ADDRESSES = "elastic_ips"
REFUSED = "alarm rollup-errors: the partition, and what is wrong with it"
TAKEN_OUT = "the run takes it out of the catalog before it builds anything"


@pytest.fixture(scope="module")
def billed(ground: Ground) -> Ground:
    """A bill of 4 dollars that is built, and a scan of one address."""
    ground.cloud.client("ec2", MEMBER).allocate_address(Domain="vpc")
    ground.deliver([line(1, 4.0)])
    assert ground.fire(f"collect-{ADDRESSES}", later(0)).error is None
    ground.settle(later(0))
    return ground


def register(ground: Ground, *values: str, folder: str) -> None:
    """Register a partition of resource_events, as the role that scans may."""
    table = ground.lake.catalog.table("outlay.resource_events")
    storage = table.storage(ground.lake.location(folder))
    boto3.client("glue").batch_create_partition(
        DatabaseName="outlay",
        TableName=table.name,
        PartitionInputList=[{"Values": list(values), "StorageDescriptor": storage}],  # type: ignore[typeddict-item]
    )


def roll_up(ground: Ground, minutes: int) -> Any:
    return ground.cloud.invoke(ground.function("rollup"), {"slot": later(minutes).isoformat()})


@fault("a partition of costs is registered at objects that are no bill's", REFUSED, TAKEN_OUT)
def test_costs_cannot_be_forged_by_who_scans(billed: Ground) -> None:
    table = billed.lake.catalog.table("outlay.resource_events")
    register(billed, "cost", "forged", "2026-11-02", folder=table.folder("config", ADDRESSES, "2026-11-20"))
    done = roll_up(billed, 1)
    assert done.error == "Unhandled"
    assert "cost/forged/2026-11-02: its location" in done.payload["errorMessage"]
    assert billed.charged() == {"aws.harbor.2026-11": (1, Decimal(4))}
    assert (billed.total(), roll_up(billed, 2).error) == (Decimal(4), None)


@fault("a partition is registered for a day that is none", REFUSED, TAKEN_OUT)
def test_a_day_that_is_none_stops_neither_bills_nor_rollups(billed: Ground) -> None:
    table = billed.lake.catalog.table("outlay.resource_events")
    register(billed, "cost", "aws.x", "someday", folder=table.folder("cost", "aws.x", "someday"))
    billed.deliver([line(1, 5.0)])
    assert billed.fire("bills", later(3)).error is None
    done = roll_up(billed, 4)
    assert "'someday', which is no day" in done.payload["errorMessage"]
    assert (billed.total(), roll_up(billed, 5).error) == (Decimal(5), None)


@fault(
    "a scan is repeated when the accounts refuse it",
    "the function's log; the run's answer",
    "what the first attempt saw stands, with its outcomes",
)
def test_a_repetition_that_sees_less_replaces_nothing(billed: Ground) -> None:
    assert billed.fire(f"collect-{ADDRESSES}", later(10)).error is None
    billed.inject("ec2", "DescribeAddresses", "deny", account=MEMBER)
    assert billed.fire(f"collect-{ADDRESSES}", later(10)).error is None
    billed.cloud.clear_faults()
    assert billed.events(later(10)) == {MEMBER: 1}
    assert {row["status"] for row in billed.outcomes(ADDRESSES) if row["slot"] == later(10)} == {"ok"}


@fault("an event names a slot in the far future", "alarm collect-errors: the slot, and what to give", "nothing was written")
def test_a_slot_in_the_future_is_refused(billed: Ground) -> None:
    done = billed.cloud.invoke(billed.function("collect"), {"collector": ADDRESSES, "slot": "2099-01-01T00:00:00Z"})
    assert "is in the future" in done.payload["errorMessage"]
    assert billed.rows("select 1 as one from resource_events where event_date > date '2050-01-01'") == []


@fault(
    "an account is taken out of the settings while a run goes on",
    "nothing: that is what was asked for",
    "the run goes on with the accounts that are left",
)
def test_an_account_that_is_removed_takes_no_other_with_it(billed: Ground) -> None:
    event = {"collector": ADDRESSES, "slot": later(20).isoformat(), "part": 1, "accounts": ["999999999999", MEMBER]}
    assert billed.cloud.invoke(billed.function("collect"), event).error is None
    assert billed.events(later(20)) == {MEMBER: 1}


@fault(
    "housekeeping fails in a run in which a rollup fails",
    "alarms rollup-errors and rollups-failed: both are named",
    "the next run builds, and removes",
)
def test_housekeeping_that_fails_hides_no_failed_rollup(billed: Ground) -> None:
    billed.deliver([line(1, 6.0)])
    assert billed.fire("bills", later(30)).error is None
    rollup = billed.caller("rollup")
    billed.inject("athena", "StartQueryExecution", "deny", caller=rollup)
    billed.inject("glue", "GetPartitions", "deny", caller=rollup, containing="outlay_builds")
    done = roll_up(billed, 31)
    billed.cloud.clear_faults()
    assert "housekeeping: AccessDeniedException: " in done.payload["errorMessage"]
    assert "in: " in done.payload["errorMessage"], "Athena's refusal, with its statement"
    assert billed.alarm("rollups-failed") >= 1
    assert (roll_up(billed, 32).error, billed.total()) == (None, Decimal(6))


@fault(
    "a second event is given up while the message of the first still lies in its queue",
    "the alarm of the group's dead letters goes off again",
    "the messages hold the events; each can be sent again",
)
def test_a_second_dead_letter_rings_too(billed: Ground) -> None:
    billed.dead_letters()
    for minutes in (40, 41):
        billed.cloud.forget_metrics()
        billed.inject("sts", "AssumeRole", "deny", caller=billed.caller("collect"))
        assert billed.fire(f"collect-{ADDRESSES}", later(minutes)).error == "Unhandled"
        billed.cloud.clear_faults()
        assert billed.alarm("collection-dead-letters") == 1
    assert len(billed.dead_letters()) == 2


@fault(
    "a bill's export has stopped, or never delivered",
    "after a day the alarm bills-overdue; the log of bills says which bill, and how old it is",
    "its next delivery",
)
def test_a_bill_that_stopped_rings(billed: Ground) -> None:
    def state() -> str:
        (found,) = [a for a in billed.cloud.alarms() if a["name"] == f"{billed.deployed.name}-bills-overdue"]
        return str(found["state"])

    billed.cloud.forget_metrics()
    assert state() == "ALARM", "nobody has looked for bills"
    billed.deliver([line(1, 6.0)])
    assert billed.fire("bills", later(50)).error is None
    assert state() == "ALARM", "of the other bill nothing was ever delivered"
    assert "bill focus: nothing has been delivered" in billed.cloud.logs(billed.function("bills"))
    billed.cloud.forget_metrics()
    # A datapoint of a run that found nothing overdue ends the alarm.
    with billed.reconfigured("bills", lambda settings: settings["bills"].pop()):
        assert billed.fire("bills", later(51)).error is None
        assert state() == "OK"
