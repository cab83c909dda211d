"""Findings and their drivers as Athena's engine answers for them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from notifiers.drivers import read_drivers
from notifiers.findings import Anomaly, Violation, read_findings
from notifiers.undone import read_undone
from tests.support.lake_on_trino import Row, TrinoLake, day_after, rollup_row
from tests.unit.notifiers.examples import anomaly, violation

NAT, EBS = "NatGateway-Bytes", "EBS:VolumeUsage.gp3"


def cost(day: str, usd: str, usage_type: str = NAT, **fields: object) -> Row:
    """An hour of cost, the same in every kind of spend."""
    money = Decimal(usd)
    return {
        "hour": datetime.fromisoformat(day),
        "provider": "AWS",
        "aws_account_id": "111111111111",
        "aws_region": "us-east-1",
        "resource_type": "vpc:nat_gateway",
        "resource_arn": "arn:nat-1",
        "service": "AmazonEC2",
        "usage_type": usage_type,
        "charge_category": "usage",
        "customer": "acme",
        "cost_usd": money,
        "amortized_cost_usd": money,
        "net_cost_usd": money,
        "event_count": 1,
        **fields,
    }


def spend(lake: TrinoLake, first_day: str, days: int, *rows: Row) -> None:
    """The same rows on each of consecutive days."""
    for day in (day_after(first_day, offset) for offset in range(days)):
        lake.write("cost_hourly", [{**row, "hour": datetime.fromisoformat(day)} for row in rows], day)


def test_drivers_are_the_increases_of_the_findings_own_node_over_its_own_days(lake: TrinoLake) -> None:
    day = "2026-11-19"
    spend(lake, "2026-11-09", 10, cost(day, "10"), cost(day, "5", EBS), cost(day, "1", customer="other"))
    lake.write(
        "cost_hourly",
        [
            cost(day, "60"),
            cost(day, "20", resource_arn="arn:nat-2"),
            cost(day, "4", EBS),
            cost(day, "7", "Snapshot", resource_arn=None),
            cost(day, "900", "Tax", charge_category="tax"),
            cost(day, "500", customer="other", aws_account_id="222222222222"),
        ],
        day,
    )
    spike = anomaly()
    drivers = read_drivers(lake.rows, [spike])[spike.finding_id]
    assert [(d.usage_type, d.cost_usd, d.increase_usd) for d in drivers] == [
        (NAT, Decimal(80), Decimal(69)),
        ("Snapshot", Decimal(7), Decimal(7)),
    ], "what fell is no driver, tax is no usage, another account is another node's"
    assert (drivers[0].resource_arn, drivers[0].resource_increase_usd) == ("arn:nat-1", Decimal(49))
    assert drivers[1].resource_arn is None


def test_a_months_drivers_are_held_against_as_many_average_days_of_those_that_the_bill_covers(lake: TrinoLake) -> None:
    spend(lake, "2026-10-29", 3, cost("2026-10-29", "2"))
    spend(lake, "2026-11-01", 20, cost("2026-11-01", "3"))
    breach = violation()
    (driver,) = read_drivers(lake.rows, [breach])[breach.finding_id]
    assert (driver.cost_usd, driver.before_usd) == (Decimal(60), Decimal(40))


def test_one_query_serves_findings_of_every_level_and_kind_of_spend(lake: TrinoLake) -> None:
    day = "2026-11-20"
    usd = {"cost_usd": Decimal(1), "amortized_cost_usd": Decimal(2), "net_cost_usd": Decimal(3)}
    nasty = "o'brien` \u202e"
    lake.write("cost_hourly", [cost(day, "1", customer=nasty, **usd), cost(day, "1", customer=None, **usd)], day)
    daily = {"period": "daily", "rule_id": "r"}
    findings = [
        violation(finding_id="named", ancestor_id=nasty, cost_type="net", **daily),
        violation(finding_id="none", ancestor_id="unattributed", cost_type="unblended", **daily),
        violation(finding_id="all", level="total", ancestor_id="total", cost_type="amortized", **daily),
        violation(finding_id="region", level="region", ancestor_id="111111111111/us-east-1", **daily),
        violation(finding_id="other", level="provider", ancestor_id="GCP", **daily),
    ]
    drivers = read_drivers(lake.rows, findings)
    assert {key: found[0].cost_usd for key, found in drivers.items()} == {
        "named": Decimal(3),
        "none": Decimal(1),
        "all": Decimal(4),
        "region": Decimal(4),
    }


def test_five_drivers_a_finding_the_largest_first(lake: TrinoLake) -> None:
    day = "2026-11-20"
    lake.write("cost_hourly", [cost(day, str(n), f"usage-{n}") for n in range(1, 9)], day)
    breach = violation()
    drivers = read_drivers(lake.rows, [breach])[breach.finding_id]
    assert [driver.usage_type for driver in drivers] == [f"usage-{n}" for n in (8, 7, 6, 5, 4)]


def test_findings_are_read_as_the_views_hold_them_and_old_resolutions_are_left_out(lake: TrinoLake) -> None:
    today = date.fromisoformat(str(lake.rows("select current_date as today")[0]["today"]))
    recent, old = day_after(today.isoformat(), -3), day_after(today.isoformat(), -40)
    for day in (old, day_after(old), recent, day_after(recent)):
        lake.write("cost_rollup_daily", [rollup_row("total", "total", "1")], day)
    broken = {
        "rule_id": "daily",
        "dimension": "account",
        "level": "account",
        "ancestor_id": "111111111111",
        "period": "daily",
        "cost_type": "net",
        "actual_usd": Decimal("12.5"),
        "limit_usd": Decimal(10),
        "over_usd": Decimal("2.5"),
        "severity": "info",
    }
    lake.write("rule_violations", [{**broken, "period_start": date.fromisoformat(old)}], old)
    lake.write("rule_violations", [{**broken, "period_start": date.fromisoformat(recent)}], recent)
    unusual = {
        "dimension": "service",
        "level": "service",
        "ancestor_id": "AmazonS3",
        "daily_cost": Decimal(90),
        "ma30_cost": 30.0,
        "stddev30_cost": 0.0,
        "expected_usd": Decimal(30),
        "over_usd": Decimal(60),
        "history_days": 30,
        "anomaly_type": "HIGH_SPEND",
    }
    lake.write("anomalies", [unusual], recent)
    for view in ("budget_violations", "cost_anomalies"):
        lake.view(view)
    spike, breach = read_findings(lake.rows)
    assert isinstance(spike, Anomaly)
    assert (spike.over_usd, spike.z_score, spike.status) == (Decimal(60), None, "open")
    assert spike.window == (date.fromisoformat(recent), date.fromisoformat(recent))
    assert isinstance(breach, Violation)
    assert (breach.first_day.isoformat(), breach.limit_usd, breach.owner) == (recent, Decimal(10), None)
    assert all(finding.is_news for finding in (spike, breach))


def test_what_was_told_and_no_view_holds_is_undone(lake: TrinoLake) -> None:
    today = str(lake.rows("select current_date as today")[0]["today"])
    for view in ("budget_violations", "cost_anomalies"):
        lake.view(view)
    assert read_undone(lake.rows, []) == []

    def told(finding_id: str, kind: str = "opened") -> Row:
        named = {"finding_id": finding_id, "kind": kind, "notification_id": f"{finding_id}{kind}"}
        return {**named, "finding_type": "budget_violation", "channel": "C1", "message_ts": "1.2", "summary": "$5 over"}

    lake.write("notifications", [told("gone"), told("gone", "resolved"), told("read")], today)
    lake.write("notifications", [told("forgotten")], day_after(today, -70))
    (undone,) = read_undone(lake.rows, [violation(finding_id="read")])
    assert (undone.finding_id, undone.channel, undone.message_ts, undone.summary) == ("gone", "C1", "1.2", "$5 over")
