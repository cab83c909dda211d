"""API answers that are wrong, late or missing, in one account while another goes on.

All cases befall runs of slots of their own, side by side; then every collector runs once more without faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.deployed.faults.ground import CENTRAL, MEMBER, Ground, fault, later

VOLUMES, TRAFFIC = "ebs_volumes", "nat_traffic"
SEEDED = {VOLUMES: 7, TRAFFIC: 2}
PLACEHOLDER = "to-be-replaced"
HALF_HOUR = 30


@dataclass(frozen=True)
class Case:
    """One fault of one scan. rules: service, operation, kind and what else a rule says; code None: the scan is ok."""

    name: str
    rules: tuple[tuple[str, str, str, Mapping[str, Any]], ...]
    status: str = "ok"
    code: str | None = None
    collector: str = VOLUMES

    @property
    def row(self) -> pytest.MarkDecorator:
        if self.code is None:
            return fault(self.name, "collector_runs: ok", "nothing to repair: the scan is whole")
        if self.status == "skipped":
            reported = f"collector_runs: skipped, {self.code}; no alarm"
            return fault(self.name, reported, "nothing to repair: a region that is not enabled holds nothing to scan")
        scans = "the next scan brings what this one lacks; until then nothing counts as deleted"
        return fault(self.name, f"collector_runs: {self.status}, {self.code}; alarm scans-failed", scans)


def ec2(kind: str, **options: Any) -> tuple[str, str, str, Mapping[str, Any]]:
    return "ec2", "DescribeVolumes", kind, options


def sts(kind: str, **options: Any) -> tuple[str, str, str, Mapping[str, Any]]:
    return "sts", "AssumeRole", kind, options


def metrics(kind: str, **options: Any) -> tuple[str, str, str, Mapping[str, Any]]:
    return "monitoring", "GetMetricData", kind, options


SECOND_PAGE = {"containing": "NextToken="}
CASES = (
    Case("EC2 throttles one account for good", (ec2("throttle"),), "throttled", "RequestLimitExceeded"),
    Case("EC2 throttles two calls, then answers", (ec2("throttle", times=2),)),
    Case("EC2 denies one account", (ec2("deny"),), "denied", "UnauthorizedOperation"),
    Case("EC2 finds the caller's clock an hour off", (ec2("clock"),), "failed", "RequestExpired"),
    Case("EC2 answers 500 twice", (ec2("500", times=2),)),
    Case("EC2 answers 503 for good", (ec2("503"),), "failed", "ServiceUnavailable"),
    Case("EC2 never answers: each connection breaks", (ec2("drop"),), "failed", "ConnectionClosedError"),
    Case("EC2 breaks two connections, then answers", (ec2("drop", times=2),)),
    Case("EC2's answer is cut in half", (ec2("half"),), "failed", "ResponseParserError"),
    Case("EC2's answer lacks a field", (ec2("replace", old="volumeId>", new="volumeNo>"),), "failed", "KeyError"),
    Case(
        "EC2's answer holds a word for a number", (ec2("replace", old="<size>1<", new="<size>one<"),), "failed", "ValueError"
    ),
    Case("EC2's answer holds NUL", (ec2("replace", old=PLACEHOLDER, new="&#0;"),), "failed", "ResponseParserError"),
    Case("EC2's pages are shorter than asked for", (ec2("short pages"),)),
    Case(
        "EC2 answers the first page and throttles the second",
        (ec2("throttle", **SECOND_PAGE), ec2("short pages")),
        "throttled",
        "RequestLimitExceeded",
    ),
    Case(
        "EC2 forgets the token of the second page",
        (ec2("error", code="InvalidPaginationToken", status=400, **SECOND_PAGE), ec2("short pages")),
        "failed",
        "InvalidPaginationToken",
    ),
    Case("the region is not enabled", (ec2("error", code="OptInRequired", status=401),), "skipped", "OptInRequired"),
    Case("STS denies one account", (sts("deny"),), "denied", "AccessDenied"),
    Case("STS throttles one account for good", (sts("throttle"),), "throttled", "Throttling"),
    Case("STS breaks two connections, then answers", (sts("drop", times=2),)),
    Case("CloudWatch throttles one account for good", (metrics("throttle"),), "throttled", "Throttling", TRAFFIC),
    Case("CloudWatch answers 500 for good", (metrics("500"),), "failed", "InternalError", TRAFFIC),
    Case("CloudWatch's answer is cut in half", (metrics("half"),), "failed", "KeyError", TRAFFIC),
    Case("CloudWatch denies one account", (metrics("deny"),), "denied", "AccessDenied", TRAFFIC),
)
SLOTS = {case.name: later(number) for number, case in enumerate(CASES, 1)}


@dataclass(frozen=True)
class Seen:
    """What all the runs left: outcomes and numbers of events by collector, slot and account, and states in the snapshot."""

    outcomes: Mapping[tuple[str, datetime, str], Mapping[str, Any]]
    events: Mapping[tuple[str, datetime, str], int]
    states: Mapping[str, int]
    scans_failed: float

    def of(self, case: Case, account: str) -> Mapping[str, Any]:
        return self.outcomes[case.collector, SLOTS[case.name], account]


@pytest.fixture(scope="module")
def seen(ground: Ground) -> Seen:
    """Seed, run well, run all cases, look at the snapshot, run well again."""
    _seed(ground)
    ground.collect(later(0), list(SEEDED))
    with ThreadPoolExecutor(4) as pool:
        for case in CASES:
            _inject(ground, case)
        for done in pool.map(lambda case: ground.cloud.fire(f"collect-{case.collector}", SLOTS[case.name]), CASES):
            assert done.error is None, done.payload
    ground.cloud.clear_faults()
    assert ground.fire("rollup", later(HALF_HOUR)).error is None
    states = {
        row["state"]: row["n"] for row in ground.rows("select state, count(*) as n from resource_snapshots group by 1")
    }
    failed = ground.alarm("scans-failed")
    ground.collect(later(HALF_HOUR), list(SEEDED))
    return Seen(_outcomes(ground), _events(ground), states, failed)


def _seed(ground: Ground) -> None:
    ec2 = ground.cloud.client("ec2", MEMBER)
    have = ec2.describe_volumes()["Volumes"]
    for volume in have:
        ec2.delete_volume(VolumeId=volume["VolumeId"])
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": PLACEHOLDER}]}]
    for _ in range(SEEDED[VOLUMES]):
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=tags)
    if not ec2.describe_nat_gateways()["NatGateways"]:
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "NatGatewayId", "Value": gateway["NatGatewayId"]}],
            "Timestamp": datetime(2026, 11, 19, hour, 30, tzinfo=UTC),
            "Value": 1000.0,
        }
        for name in ("BytesOutToDestination", "BytesInFromDestination", "ActiveConnectionCount")
        for hour in range(SEEDED[TRAFFIC])
    ]
    ground.cloud.client("cloudwatch", MEMBER).put_metric_data(Namespace="AWS/NATGateway", MetricData=data)


def _inject(ground: Ground, case: Case) -> None:
    """Only the calls of the case's own slot, which its sessions are named for, and in the member account."""
    session = f"outlay-{case.collector}-{SLOTS[case.name]:%Y%m%dT%H%M%SZ}"
    for service, operation, kind, options in case.rules:
        if service == "sts":
            where: dict[str, Any] = {"containing": f"{MEMBER}:role/{ground.deployed.name}-member&RoleSessionName={session}"}
        else:
            where = {"account": MEMBER, "caller": session}
        ground.inject(service, operation, kind, **where, **options)


def _outcomes(ground: Ground) -> dict[tuple[str, datetime, str], Mapping[str, Any]]:
    return {
        (collector, row["slot"], row["aws_account_id"]): row for collector in SEEDED for row in ground.outcomes(collector)
    }


def _events(ground: Ground) -> dict[tuple[str, datetime, str], int]:
    rows = ground.rows(
        "select collector, ingested_at, aws_account_id, count(*) as n, count(distinct event_id) as ids "
        "from resource_events group by 1, 2, 3"
    )
    assert all(row["n"] == row["ids"] for row in rows)
    return {(row["collector"], row["ingested_at"], row["aws_account_id"]): row["n"] for row in rows}


@pytest.mark.parametrize("case", [pytest.param(case, marks=case.row, id=case.name) for case in CASES])
def test_a_scan_ends_as_an_outcome_of_its_account_alone(seen: Seen, case: Case) -> None:
    outcome = seen.of(case, MEMBER)
    assert (outcome["status"], outcome["error_code"]) == (case.status, case.code), outcome
    assert seen.of(case, CENTRAL)["status"] == "ok", "the other account goes on"
    expected = SEEDED[case.collector] if case.status == "ok" else 0
    assert outcome["event_count"] == expected, "all of a scan or nothing"
    assert seen.events.get((case.collector, SLOTS[case.name], MEMBER), 0) == expected
    assert seen.events[case.collector, later(HALF_HOUR), MEMBER] == SEEDED[case.collector], "the next run has all"


def test_every_failed_scan_rings_and_none_deletes(seen: Seen) -> None:
    failed = sum(case.status not in ("ok", "skipped") for case in CASES)
    tried = 2 * (len(SEEDED) + len(CASES)) - sum(case.status == "skipped" for case in CASES)
    assert seen.scans_failed == pytest.approx(100 * failed / tried)
    assert "deleted" not in seen.states
    assert sum(seen.states.values()) >= SEEDED[VOLUMES], "the other collector finds metrics, no resources"
