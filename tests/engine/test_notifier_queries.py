"""Findings and their drivers as Athena's engine answers for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from notifiers.drivers import Driver, read_drivers
from notifiers.findings import Anomaly, Finding, Violation, read_findings
from notifiers.recent import recent_views
from notifiers.undone import read_undone
from tests.support.lake_on_trino import Row, TrinoLake, day_after, rollup_row
from tests.unit.notifiers.examples import anomaly, violation

ACCOUNT_REGION = {"dimension": "account", "level": "region", "ancestor_id": "111111111111/us-east-1"}
NAT, EBS = "NatGateway-Bytes", "EBS:VolumeUsage.gp3"


def cost(day: str, usd: str, usage_type: str = NAT, **fields: object) -> Row:
    """An hour of cost, the same in every kind of spend."""
    money = Decimal(usd)
    return {
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


def write_costs(lake: TrinoLake, day: str, *rows: Row) -> None:
    """A day's rows of cost_hourly, and what cost_daily makes of them."""
    lake.write("cost_hourly", [{**row, "hour": datetime.fromisoformat(day)} for row in rows], day)
    dimensions = [column.name for column in lake.catalog.table("outlay.cost_daily").columns if column.type == "string"]
    lake.write("cost_daily", {tuple(map(row.get, dimensions)): row for row in rows}.values(), day)


def drivers_of(lake: TrinoLake, *findings: Finding) -> dict[str, list[Driver]]:
    lake.view("cost_node_resources")
    return read_drivers(lake.rows, findings)


def spend(lake: TrinoLake, first_day: str, days: int, *rows: Row) -> None:
    """The same rows on each of consecutive days."""
    for day in (day_after(first_day, offset) for offset in range(days)):
        write_costs(lake, day, *rows)


def test_drivers_are_the_increases_of_the_findings_own_node_over_its_own_days(lake: TrinoLake) -> None:
    day = "2026-11-19"
    spend(lake, "2026-11-09", 10, cost(day, "10"), cost(day, "5", EBS), cost(day, "1", customer="other"))
    write_costs(
        lake,
        day,
        cost(day, "60"),
        cost(day, "20", resource_arn="arn:nat-2"),
        cost(day, "4", EBS),
        cost(day, "7", "Snapshot", resource_arn=None),
        cost(day, "900", "Tax", charge_category="tax"),
        cost(day, "500", customer="other", aws_account_id="222222222222"),
    )
    spike = anomaly()
    drivers = drivers_of(lake, spike)[spike.finding_id]
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
    (driver,) = drivers_of(lake, breach)[breach.finding_id]
    assert (driver.cost_usd, driver.before_usd) == (Decimal(60), Decimal(40))


def test_one_query_serves_findings_of_every_level_and_kind_of_spend(lake: TrinoLake) -> None:
    day = "2026-11-20"
    usd = {"cost_usd": Decimal(1), "amortized_cost_usd": Decimal(2), "net_cost_usd": Decimal(3)}
    nasty = "o'brien` \u202e"
    write_costs(lake, day, cost(day, "1", customer=nasty, **usd), cost(day, "1", customer=None, **usd))
    daily = {"period": "daily", "rule_id": "r"}
    findings = [
        violation(finding_id="named", ancestor_id=nasty, cost_type="net", **daily),
        violation(finding_id="none", ancestor_id="unattributed", cost_type="unblended", **daily),
        violation(finding_id="all", dimension="account", level="total", ancestor_id="total", cost_type="amortized", **daily),
        violation(finding_id="region", **ACCOUNT_REGION, **daily),
        violation(finding_id="other", dimension="account", level="provider", ancestor_id="GCP", **daily),
    ]
    drivers = drivers_of(lake, *findings)
    assert {key: found[0].cost_usd for key, found in drivers.items()} == {
        "named": Decimal(3),
        "none": Decimal(1),
        "all": Decimal(4),
        "region": Decimal(4),
    }


def test_five_drivers_a_finding_the_largest_first(lake: TrinoLake) -> None:
    day = "2026-11-20"
    write_costs(lake, day, *(cost(day, str(n), f"usage-{n}") for n in range(1, 9)))
    breach = violation()
    drivers = drivers_of(lake, breach)[breach.finding_id]
    assert [driver.usage_type for driver in drivers] == [f"usage-{n}" for n in (8, 7, 6, 5, 4)]


def test_findings_are_read_as_the_views_hold_them_and_old_resolutions_are_left_out(lake: TrinoLake) -> None:
    today = date.fromisoformat(str(lake.rows("select current_date as today")[0]["today"]))
    recent, old = day_after(today.isoformat(), -3), day_after(today.isoformat(), -40)
    for day in (old, day_after(old), recent, day_after(recent)):
        lake.write("cost_rollup_daily", [rollup_row("total", "total", "1"), rollup_row("provider", "AWS", "1")], day)
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
    spike, breach = read_findings(lake.rows, recent_views(lake.rows, lake.lake))
    assert isinstance(spike, Anomaly)
    assert (spike.over_usd, spike.z_score, spike.status) == (Decimal(60), None, "open")
    assert spike.window == (date.fromisoformat(recent), date.fromisoformat(recent))
    assert isinstance(breach, Violation)
    assert (breach.first_day.isoformat(), breach.limit_usd, breach.owner) == (recent, Decimal(10), None)
    assert all(finding.is_news for finding in (spike, breach))


def test_what_was_told_and_no_view_holds_is_undone_but_for_what_began_before_the_days_that_are_read(lake: TrinoLake) -> None:
    today = str(lake.rows("select current_date as today")[0]["today"])
    recent = recent_views(lake.rows, lake.lake)
    assert read_undone(lake.rows, [], recent) == []
    gone, read, old, forgotten = f"gone/{today}", f"read/{today}", f"old/{recent.first_day}", f"forgotten/{today}"

    def told(finding_id: str, kind: str = "opened") -> Row:
        named = {"finding_id": finding_id, "kind": kind, "notification_id": f"{finding_id}{kind}"}
        return {**named, "finding_type": "budget_violation", "channel": "C1", "message_ts": "1.2", "summary": "$5 over"}

    lake.write("notifications", [told(gone), told(gone, "resolved"), told(read), told(old)], today)
    lake.write("notifications", [told(forgotten)], day_after(today, -70))
    (undone,) = read_undone(lake.rows, [violation(finding_id=read)], recent)
    assert (undone.finding_id, undone.channel, undone.message_ts, undone.summary) == (gone, "C1", "1.2", "$5 over")


def test_a_bill_of_long_ago_has_its_findings_too(lake: TrinoLake) -> None:
    assert recent_views(lake.rows, lake.lake).newest_day >= date(2026, 11, 25)
    lake.write("cost_rollup_daily", [rollup_row("total", "total", "1")], "2024-03-05")
    recent = recent_views(lake.rows, lake.lake)
    assert (recent.first_day, recent.newest_day) == (date(2023, 12, 1), date(2024, 3, 5))


def test_two_years_of_history_are_not_read(lake: TrinoLake) -> None:
    """The engine's own plans of all that a run asks: each relation's days are within the recent months and the drivers' 30."""
    today = date.fromisoformat(str(lake.rows("select current_date as today")[0]["today"]))
    lake.view("cost_node_resources")
    dated = ("cost_hourly", "cost_daily", "cost_rollup_daily", "rule_violations", "anomalies", "notifications")
    for table in dated:
        for days_ago in (1, 20, 45, 200, 400, 730):
            lake.write(table, [], str(today - timedelta(days=days_ago)))
    lake.write("cost_rollup_daily", [rollup_row("total", "total", "1")], str(today))
    told = {"finding_id": f"gone/{today}", "kind": "opened", "finding_type": "budget_violation", "summary": "$5 over"}
    lake.write("notifications", [told], str(today))
    asked: list[str] = []

    def read(sql: str) -> list[Row]:
        asked.append(sql)
        return lake.rows(sql)

    recent = recent_views(read, lake.lake)
    breach = violation(last_day=today, first_day=today)
    assert len(read_undone(read, read_findings(read, recent), recent)) == 1
    assert read_drivers(read, [breach]) == {}
    planned = [lake.planned_days(sql) for sql in asked]
    assert {name for days in planned for name, found in days.items() if found} == {f"outlay.{name}" for name in dated}
    for days in planned:
        for name, found in days.items():
            assert not found or min(found) >= recent.first_day - timedelta(days=30), name
