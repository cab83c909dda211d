"""Events that come twice, at once, late, out of order, an hour off, or that are no events; and functions short of time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.deployed.faults.ground import CENTRAL, MEMBER, Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

ADDRESSES = "elastic_ips"
NOTHING = "nothing to repair: the same names, the same objects"


@pytest.fixture(autouse=True)
def seeded(ground: Ground) -> None:
    ec2 = ground.cloud.client("ec2", MEMBER)
    if not ec2.describe_addresses()["Addresses"]:
        ec2.allocate_address(Domain="vpc")


def at_once(ground: Ground, name: str, slots: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(len(slots)) as pool:
        done = list(pool.map(lambda slot: ground.cloud.fire(name, slot), slots))
    ground.cloud.drain()
    return done


@fault("the same scan's event twice at once", "collector_runs: ok, once", NOTHING)
def test_a_scan_that_is_started_twice_at_once_is_one(ground: Ground) -> None:
    assert [done.error for done in at_once(ground, f"collect-{ADDRESSES}", [later(0)] * 2)] == [None, None]
    assert ground.events(later(0)) == {MEMBER: 1}
    assert [row["aws_account_id"] for row in ground.outcomes(ADDRESSES)] == [CENTRAL, MEMBER]


@fault("a scan's event that comes late, after later ones", "collector_runs: ok, under its own slot", NOTHING)
def test_a_late_event_writes_under_its_own_slot_and_changes_no_later_one(ground: Ground) -> None:
    yesterday = later(0) - timedelta(days=1)
    for slot in (later(20), yesterday, later(10), later(20)):
        assert ground.fire(f"collect-{ADDRESSES}", slot).error is None
    for slot in (yesterday, later(10), later(20)):
        assert ground.events(slot) == {MEMBER: 1}
    assert ground.fire("rollup", later(22)).error is None
    (newest,) = ground.rows(f"select max(last_ok_at) as at from collection_coverage where collector = '{ADDRESSES}'")
    assert newest["at"] == later(20)


@fault(
    "scheduled times an hour off, ahead and in other zones",
    "collector_runs: ok, under the time that the event names, in UTC",
    "the events of the right hours write their own rows; the newest state counts",
)
def test_a_clock_an_hour_off_costs_no_rows_and_doubles_none(ground: Ground) -> None:
    ahead = later(120)
    same = {"collector": ADDRESSES, "slot": (ahead + timedelta(hours=1)).replace(tzinfo=None).isoformat() + "+01:00"}
    assert ground.fire(f"collect-{ADDRESSES}", ahead).error is None
    assert ground.cloud.invoke(ground.function("collect"), same).error is None
    assert ground.fire(f"collect-{ADDRESSES}", later(60)).error is None
    assert ground.events(ahead) == ground.events(later(60)) == {MEMBER: 1}


@fault("the bills' event twice at once", "collector_runs: ok, once", NOTHING)
def test_bills_that_are_read_twice_at_once_are_published_once(ground: Ground) -> None:
    ground.deliver([line(day, 4.0) for day in (1, 2, 3)])
    assert [done.error for done in at_once(ground, "bills", [later(0)] * 2)] == [None, None]
    assert ground.charged() == {"aws.harbor.2026-11": (3, Decimal(12))}
    assert [row["status"] for row in ground.outcomes("aws") if row["aws_region"]] == ["ok"]


@fault("two rollups at once", "the last one to publish stands; the other's builds go with housekeeping", NOTHING)
def test_rollups_that_run_twice_at_once_end_as_one(ground: Ground) -> None:
    ground.deliver([line(day, 5.0) for day in (1, 2)])
    assert ground.fire("bills", later(1)).error is None
    at_once(ground, "rollup", [later(1), later(2)])
    assert ground.fire("rollup", later(3)).error is None
    assert ground.total() == Decimal(10)
    (row,) = ground.rows("select count(*) as n, sum(event_count) as events from cost_hourly")
    assert (row["n"], row["events"]) == (2, 2)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(
            event, marks=fault(f"an event {what}", "alarms; the sentence names the field", "none is needed"), id=what
        )
        for what, event in {
            "without a slot": {"collector": ADDRESSES},
            "whose slot is no time": {"collector": ADDRESSES, "slot": "nine o'clock"},
            "for a collector that there is not": {"collector": "ec2_volumes", "slot": "2026-11-20T09:00:00Z"},
            "for an account that is not configured": {
                "collector": ADDRESSES,
                "slot": "2026-11-20T09:00:00Z",
                "accounts": ["999999999999"],
            },
        }.items()
    ],
)
def test_an_event_that_is_none_is_refused_with_a_sentence(ground: Ground, event: dict[str, Any]) -> None:
    before = ground.rows("select count(*) as n from collector_runs")
    done = ground.cloud.invoke(ground.function("collect"), event)
    assert done.error == "Unhandled"
    assert done.payload["errorType"] == "ConfigurationError"
    assert "event field" in done.payload["errorMessage"] or "collector" in done.payload["errorMessage"]
    assert ground.alarm("collect-errors") >= 1
    assert ground.rows("select count(*) as n from collector_runs") == before


@fault(
    "an API that hangs until the function is short of time",
    "collector_runs: failed, OutOfTime; alarm scans-failed",
    "the next scan brings what this one lacks",
)
def test_a_scan_that_hangs_is_given_up_in_time_to_write_the_others(ground: Ground) -> None:
    ground.inject("ec2", "DescribeAddresses", "delay", account=MEMBER, seconds=8)
    ground.inject("ec2", "DescribeAddresses", "delay", account=CENTRAL, seconds=0.1)
    with ground.with_seconds("collect", 23):
        assert ground.fire(f"collect-{ADDRESSES}", later(30)).error is None
    found = {row["aws_account_id"]: row for row in ground.outcomes(ADDRESSES) if row["slot"] == later(30)}
    assert (found[CENTRAL]["status"], found[MEMBER]["status"], found[MEMBER]["error_code"]) == ("ok", "failed", "OutOfTime")
    ground.cloud.clear_faults()
    assert ground.alarm("scans-failed") >= 1
    assert ground.fire(f"collect-{ADDRESSES}", later(31)).error is None
    assert (ground.events(later(30)), ground.events(later(31))) == ({}, {MEMBER: 1})


@fault(
    "every account denies its role",
    "collector_runs: denied for each; alarms scans-failed, collect-errors and collection-dead-letters",
    "the next scan brings everything",
)
def test_a_run_that_scans_nothing_at_all_fails_loudly(ground: Ground) -> None:
    ground.dead_letters()
    ground.inject("sts", "AssumeRole", "deny", caller=ground.caller("collect"))
    done = ground.fire(f"collect-{ADDRESSES}", later(40))
    assert (done.error, done.attempts) == ("Unhandled", 3)
    assert "none of 2 scans went well" in done.payload["errorMessage"]
    assert ground.alarm("collection-dead-letters") == 1
    ground.cloud.clear_faults()
    assert {row["status"] for row in ground.outcomes(ADDRESSES) if row["slot"] == later(40)} == {"denied"}
    assert ground.fire(f"collect-{ADDRESSES}", later(40)).error is None
    assert ground.events(later(40)) == {MEMBER: 1}
