"""The main job: bills and scans become costs, violations and messages, and doing it twice changes nothing."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.deployed.outlay import SLOT, Outlay
from tests.unit.collectors.bills.bill_builder import cur_table, line

MEMBER = "222222222222"


def seed_volume(outlay: Outlay, account: str = MEMBER, **tags: str) -> str:
    """A volume in an account; returns its id."""
    ec2 = outlay.cloud.client("ec2", account)
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=100, VolumeType="gp3")["VolumeId"]
    ec2.create_tags(Resources=[volume], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return str(volume)


def test_the_sample_of_three_providers_ties_out_at_every_level(outlay: Outlay, recordings: Path) -> None:
    body = (recordings / "focus_1_0_sample.csv").read_bytes()
    outlay.deliver_focus("sample.csv", body)
    outlay.settle()
    lines = list(csv.DictReader(body.decode().splitlines()))
    whole = sum((Decimal(row["BilledCost"]) for row in lines), Decimal(0))
    levels = outlay.rows(
        "select dimension, level, sum(cost_usd) as usd, sum(event_count) as n from cost_rollup_daily group by 1, 2"
    )
    assert len(levels) == 12
    assert {(row["usd"], row["n"]) for row in levels} == {(whole, 1000)}
    assert round(whole, 2) == Decimal("20.52")
    for level, column in {"provider": "ProviderName", "account": "SubAccountId", "service": "ServiceName"}.items():
        expected: dict[str, Decimal] = defaultdict(Decimal)
        for row in lines:
            expected[row[column]] += Decimal(row["BilledCost"])
        found = outlay.rows(
            f"select ancestor_id, sum(cost_usd) as usd from cost_rollup_daily where level = '{level}' group by 1"
        )
        assert {row["ancestor_id"]: row["usd"] for row in found} == expected


@pytest.mark.parametrize(
    "keeps_all",
    [
        pytest.param(False, id="overwritten"),
        pytest.param(True, id="a new version each time", marks=pytest.mark.exhaustive),
    ],
)
def test_a_bill_restated_four_times_ends_at_the_last_total(outlay: Outlay, keeps_all: bool) -> None:
    export = outlay.export(keeps_all)
    for deliveries in range(1, 5):
        export.deliver(cur_table([line(day, 1.25 * deliveries) for day in range(1, 4 + deliveries)]))
        outlay.settle(SLOT + timedelta(hours=deliveries))
    assert outlay.total() == Decimal(5) * 7
    export.deliver(cur_table([line(1, 999.0)]), with_manifest=False)
    outlay.settle(SLOT + timedelta(hours=9))
    assert outlay.total() == Decimal(5) * 7, "data whose manifest is not there yet is no bill"


def test_scanned_resources_and_what_they_cost_meet_in_the_snapshot(outlay: Outlay) -> None:
    volume = seed_volume(outlay, customer="acme", Name="data-1")
    outlay.collect(collectors=["ebs_volumes"])
    resource = {"line_item_resource_id": volume, "line_item_usage_account_id": MEMBER, "product_region_code": "us-east-1"}
    outlay.deliver([line(day, 2.0, line_item_usage_type="EBS:VolumeUsage.gp3", **resource) for day in (17, 18, 19)])
    outlay.settle()
    (row,) = outlay.rows(
        "select resource_name, customer, state, value, cost_daily_usd, cost_monthly_usd from resource_snapshots "
        f"where resource_id = '{volume}'"
    )
    assert (row["resource_name"], row["customer"], row["value"]) == ("data-1", "acme", Decimal(100))
    assert (row["cost_daily_usd"], row["cost_monthly_usd"]) == (Decimal(2), Decimal(4))
    outcomes = {(row["aws_account_id"], row["status"]) for row in outlay.outcomes("ebs_volumes")}
    assert outcomes == {("111111111111", "ok"), (MEMBER, "ok")}


def whole_lake(outlay: Outlay) -> dict[str, list[dict[str, object]]]:
    """Every row of the lake but for how long scans took."""
    found = {}
    for table in outlay.lake.catalog.tables:
        columns = ", ".join(
            f'"{c.name}"' if not c.type.startswith("map") else f"cast({c.name} as json) as {c.name}"
            for c in table.all_columns
            if c.name not in ("duration_ms", "applied_at")
        )
        found[table.name] = sorted(outlay.rows(f'select {columns} from "{table.name}"'), key=str)
    return found


def test_the_same_slot_run_twice_leaves_the_same_lake_row_by_row(outlay: Outlay) -> None:
    seed_volume(outlay, customer="acme")
    outlay.deliver([line(day, 150.0) for day in range(1, 20)])
    outlay.collect()
    outlay.settle()
    before = whole_lake(outlay)
    assert all(before[name] for name in ("resource_events", "collector_runs", "resource_snapshots_daily", "rule_violations"))
    outlay.collect()
    outlay.settle()
    assert whole_lake(outlay) == before


def test_a_finding_is_told_once_and_resolved_in_its_thread(outlay: Outlay) -> None:
    outlay.deliver([line(day, 150.0 if day == 10 else 20.0) for day in range(9, 12)])
    outlay.settle()
    assert outlay.fire("notify").error is None
    (opened,) = outlay.messages()
    assert opened["channel"] == "#cloud-cost"
    assert "$50.00 over" in opened["text"]
    assert outlay.fire("notify", SLOT + timedelta(hours=1)).payload == {"sent": 0, "left": 0}
    assert len(outlay.messages()) == 1, "nothing changed, nothing said"
    outlay.deliver([line(day, 150.0 if day == 10 else 20.0) for day in range(9, 14)])
    outlay.settle(SLOT + timedelta(hours=2))
    outlay.fire("notify", SLOT + timedelta(hours=3))
    resolved = outlay.messages()[1:]
    assert [message["thread_ts"] for message in resolved] == [opened["ts"]]
    told = outlay.rows("select kind, message_ts, thread_ts from notifications order by sent_at")
    assert [(row["kind"], row["message_ts"]) for row in told] == [("opened", opened["ts"]), ("resolved", resolved[0]["ts"])]


def test_a_scan_that_is_denied_is_an_outcome_and_deletes_nothing(outlay: Outlay) -> None:
    volume = seed_volume(outlay)
    outlay.collect(collectors=["ebs_volumes"])
    iam = outlay.cloud.client("iam", MEMBER)
    role = f"{outlay.deployed.name}-member"
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeTags", "Resource": "*"}]}
    import json

    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(nothing))
    try:
        outlay.collect(SLOT + timedelta(hours=1), ["ebs_volumes"])
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    outlay.settle(SLOT + timedelta(hours=1))
    newest = [row for row in outlay.outcomes("ebs_volumes") if row["slot"] == SLOT + timedelta(hours=1)]
    assert [(row["aws_account_id"], row["status"]) for row in newest] == [("111111111111", "ok"), (MEMBER, "denied")]
    (row,) = outlay.rows(f"select state from resource_snapshots where resource_id = '{volume}'")
    assert row["state"] == "available"
