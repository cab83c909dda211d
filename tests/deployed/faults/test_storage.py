"""S3, Glue, DynamoDB and Secrets Manager, when they do not do what functions ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.deployed.faults.ground import MEMBER, Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

ADDRESSES = "elastic_ips"
PASSING = ("none: the SDK tries again", "nothing to repair")
FOR_GOOD = ("alarms {0}-errors and collection-dead-letters", "the next run does it all")


@pytest.fixture(autouse=True)
def seeded(ground: Ground) -> None:
    ec2 = ground.cloud.client("ec2", MEMBER)
    if not ec2.describe_addresses()["Addresses"]:
        ec2.allocate_address(Domain="vpc")


SCANS: dict[str, tuple[tuple[str, str, str], Mapping[str, Any], int]] = {
    "S3 answers a scan's upload with 503 twice": (("s3", "PutObject", "503"), {"times": 2}, 1),
    "S3 breaks a scan's connections for good": (("s3", "PutObject", "drop"), {}, 3),
    "Glue answers a scan's registration with 500 for good": (("glue", "BatchCreatePartition", "500"), {}, 3),
    "Glue breaks two connections of a scan": (("glue", "BatchCreatePartition", "drop"), {"times": 2}, 1),
}


def _told(name: str, purpose: str, attempts: int) -> pytest.MarkDecorator:
    reported, repaired = PASSING if attempts == 1 else FOR_GOOD
    return fault(name, reported.format(purpose), repaired)


@pytest.mark.parametrize("name", [pytest.param(n, marks=_told(n, "collect", SCANS[n][2]), id=n) for n in SCANS])
def test_a_scan_writes_all_or_rings(ground: Ground, name: str) -> None:
    rule, where, attempts = SCANS[name]
    slot, before = later(list(SCANS).index(name)), ground.alarm("collect-errors")
    ground.dead_letters()
    ground.inject(*rule, caller=ground.caller("collect"), **where)
    done = ground.fire(f"collect-{ADDRESSES}", slot)
    ground.cloud.clear_faults()
    assert (done.error is None, done.attempts) == (attempts == 1, attempts)
    assert ground.alarm("collect-errors") == before + (3 if attempts == 3 else 0)
    assert ground.alarm("collection-dead-letters") == (1 if attempts == 3 else 0)
    assert ground.fire(f"collect-{ADDRESSES}", slot).error is None
    assert ground.events(slot) == {MEMBER: 1}


BILLS: dict[str, tuple[tuple[str, str, str], Mapping[str, Any], str]] = {
    "S3 answers 503 when a bill is read": (("s3", "GetObject", "503"), {"containing": ".parquet"}, "failed"),
    "S3 denies a bill": (("s3", "GetObject", "deny"), {"containing": ".parquet"}, "denied"),
    "S3 breaks a bill's connections": (("s3", "GetObject", "drop"), {"containing": ".parquet"}, "failed"),
    "S3 cannot list a bill's deliveries": (("s3", "ListObjectsV2", "500"), {"containing": "bills/aws"}, "failed"),
    "Glue denies a bill's publication": (("glue", "BatchUpdatePartition", "deny"), {}, "denied"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=fault(name, f"collector_runs: {case[2]}; alarm bills-errors", "the next run publishes it, once"),
            id=name,
        )
        for name, case in BILLS.items()
    ],
)
def test_a_bill_is_published_whole_or_told(ground: Ground, name: str) -> None:
    rule, where, status = BILLS[name]
    round_ = list(BILLS).index(name)
    ground.deliver([line(day, 1.0 + round_) for day in (1, 2)])
    before = ground.charged()
    ground.inject(*rule, caller=ground.caller("bills"), **where)
    assert ground.cloud.invoke(ground.function("bills"), {"slot": later(round_).isoformat()}).error == "Unhandled"
    ground.cloud.clear_faults()
    (outcome,) = [row for row in ground.outcomes("aws") if row["slot"] == later(round_) and row["status"] != "ok"]
    assert outcome["status"] == status, outcome
    assert ground.charged() == before
    assert ground.alarm("bills-errors") >= 1
    assert ground.fire("bills", later(round_)).error is None
    assert ground.charged() == {"aws.harbor.2026-11": (2, Decimal(1 + round_) * 2)}
