"""The report's queries on the real engine: from bill lines and scans through the rollups and views to a Report."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from lake.errors import OutlayError
from lake.times import naive
from local.report.data import gather
from local.report.model import Report
from tests.support.lake_on_trino import NOON, TrinoLake, config_event, cost_event

LAST = date(2026, 11, 20)
DAYS = [LAST - timedelta(days=n) for n in range(19, -1, -1)]
TAX_DAY = 12
SPIKE = LAST - timedelta(days=2)
GATEWAY = "arn:aws:ec2:us-east-1:111111111111:natgateway/nat-1"


@pytest.fixture
def filled(lake: TrinoLake) -> TrinoLake:
    """20 days: aperture jumps in the last three, o'hara and untagged spend stay as they are, tax is dated once.

    The jump is one driver, and half as much again amortized as billed. Rules look at each kind of cost, by day and month.
    """
    bill = {}
    for index, day in enumerate(DAYS):
        wobble = Decimal(index % 3)
        rows = [
            cost_event(
                str(day),
                str((300 if day >= SPIKE else 100) + wobble),
                amortized_cost_usd=Decimal(450 if day >= SPIKE else 150) + wobble,
                customer="aperture",
                resource_arn=GATEWAY,
            ),
            cost_event(str(day), "50.25", customer="o'hara", cluster="o'hara-a", service="AmazonS3"),
            cost_event(str(day), "7.125", resource_arn=None, resource_type="cost_allocation"),
        ]
        if index == TAX_DAY:
            rows.append(cost_event(str(day), "400", charge_category="tax", resource_arn=None, usage_type="Tax"))
        bill[str(day)] = rows
    lake.write_days("resource_events", bill, "cost", "aws.2026-11")
    seen = config_event(NOON, GATEWAY, resource_type="vpc:nat_gateway", resource_name="nat-a")
    lake.write("resource_events", [seen], "config", "nat_gateways", str(LAST))
    lake.write("account_settings", [{"aws_account_id": "111111111111", "account_name": "Harbor platform"}])
    rule = {"description": "Too much", "dimension": "group", "level": "customer", "owner": None, "ancestor_id": "aperture"}
    rules = [
        rule
        | {
            "rule_id": f"{cost_type}-{period}",
            "period": period,
            "limit_usd": limit,
            "cost_type": cost_type,
            "severity": "info",
        }
        for cost_type in ("unblended", "amortized", "net")
        for period, limit in (("daily", Decimal(200)), ("monthly", Decimal(2000)))
    ]
    lake.write("budget_rules", rules)
    outcomes = [
        {
            "run_id": "r",
            "collector": "nat_gateways",
            "slot": naive(NOON),
            "part": 0,
            "aws_account_id": "111111111111",
            **outcome,
        }
        for outcome in (
            {"aws_region": "us-east-1", "status": "ok", "event_count": 1, "duration_ms": 5},
            {
                "aws_region": "eu-west-1",
                "status": "denied",
                "event_count": 0,
                "duration_ms": 5,
                "error_message": "not allowed",
            },
        )
    ]
    lake.write("collector_runs", outcomes, str(LAST))
    lake.run()
    for view in ("resource_snapshots", "collection_coverage", "cost_anomalies", "budget_violations", "cost_node_resources"):
        lake.view(view)
    return lake


def test_a_report_tells_what_the_lake_holds_adds_up_and_gives_queries_that_run(filled):
    report = gather(filled.rows, filled.environment.database("outlay"), "Harbor")
    _holds(report)
    _adds_up(report)
    _amounts_are_explained(report, filled)


def _holds(report: Report) -> None:
    wobbles = sum((Decimal(n % 3) for n in range(len(DAYS))), Decimal(0))
    assert report.total == wobbles + (len(DAYS) - 3) * 100 + 3 * 300 + len(DAYS) * Decimal("57.375") + 400
    assert report.days == tuple(DAYS)
    assert report.account_names == {"111111111111": "Harbor platform"}
    assert [node.id for node in report.level("group/customer").nodes] == ["aperture", "o'hara", "unattributed"]
    assert {scan.region: scan.status for scan in report.scans} == {"us-east-1": "ok", "eu-west-1": "denied"}
    assert (report.resources[0].arn, report.resources[0].name) == (GATEWAY, "nat-a")
    assert {cost.customer for cost in report.customers} == {"aperture", "o'hara"}
    assert sum(item.count for item in report.inventory) == 1
    assert Report.from_json(report.to_json()) == report


def _adds_up(report: Report) -> None:
    assert report.ties_out()
    total = report.level("account/total").nodes[0]
    assert total.daily_amortized[TAX_DAY] - total.daily_usage[TAX_DAY] == 400
    for level in report.levels:
        rows = [node.daily_billed for node in level.nodes if node.daily_billed]
        rows += [level.other_billed] if level.other_billed else []
        assert tuple(map(sum, zip(*rows, strict=True))) == total.daily_billed, level.key


def _amounts_are_explained(report: Report, lake: TrinoLake) -> None:
    """Drivers and query are of the days and the kind of cost that the amount above them is of."""
    assert {finding.node for finding in report.anomalies} >= {"aperture", "total"}
    for anomaly in report.anomalies:
        [driver] = anomaly.drivers
        assert (anomaly.first_day, anomaly.status) == (SPIKE, "open")
        assert round(driver.increase_usd - anomaly.over_usd, 9) == 0
        assert driver.resource_arn == GATEWAY
        assert {point.day for point in anomaly.band} >= {SPIKE, SPIKE - timedelta(days=1)}
        assert _spent(anomaly.query, lake) == anomaly.actual_usd
    assert {finding.rule_id for finding in report.violations} == {
        f"{cost_type}-{period}" for cost_type in ("unblended", "amortized", "net") for period in ("daily", "monthly")
    }
    for violation in report.violations:
        assert violation.window == (LAST.replace(day=1) if violation.period == "monthly" else LAST, LAST)
        assert [driver.cost_usd for driver in violation.drivers] == [violation.actual_usd]
        assert _spent(violation.query, lake) == violation.actual_usd


def _spent(query: str, lake: TrinoLake) -> Decimal:
    return sum((row["usd"] for row in lake.rows(query)), Decimal(0))


def test_an_empty_lake_is_told_so_with_the_remedy(lake):
    with pytest.raises(OutlayError, match="deliver a bill"):
        gather(lake.rows, "outlay", "Harbor")
