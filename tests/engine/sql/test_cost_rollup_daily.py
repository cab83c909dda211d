"""cost_rollup_daily: twelve levels, each adding up to the day."""

from collections import defaultdict
from decimal import Decimal

from tests.support.lake_on_trino import TrinoLake

DAY = "2026-11-18"
LEVELS = {
    "account": {"total", "provider", "account", "region"},
    "group": {"customer", "cluster", "index_name", "env", "purpose"},
    "service": {"service", "resource_type", "usage_type"},
}


def daily(cost: str, **fields: object) -> dict[str, object]:
    """A row of cost_daily."""
    money = Decimal(cost)
    return {
        "provider": "AWS",
        "aws_account_id": "111111111111",
        "aws_region": "us-east-1",
        "resource_type": "ec2:instance",
        "service": "AmazonEC2",
        "usage_type": "BoxUsage",
        "charge_category": "usage",
        "cost_usd": money,
        "amortized_cost_usd": money,
        "net_cost_usd": money,
        "event_count": 1,
        **fields,
    }


def by_node(rows: list[dict[str, object]]) -> dict[tuple[object, object], Decimal]:
    return {(row["level"], row["ancestor_id"]): row["cost_usd"] for row in rows}  # type: ignore[misc]


def test_every_level_adds_up_to_the_day_with_what_names_none_as_unattributed(lake: TrinoLake) -> None:
    rows = [
        daily("10.01", customer="acme", cluster="a1", env="prod"),
        daily("5", customer="acme", aws_region="eu-west-1"),
        daily("2.5", aws_account_id="222222222222", service="AmazonS3", resource_type="s3:bucket"),
        daily("0.49", aws_region=None, charge_category="tax", service="Tax"),
    ]
    lake.write("cost_daily", rows, DAY)
    found = lake.rollup("cost_rollup_daily", DAY)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in found:
        sums[row["dimension"], row["level"]] += row["cost_usd"]
    assert set(sums) == {(dimension, level) for dimension, levels in LEVELS.items() for level in levels}
    assert set(sums.values()) == {Decimal("18.00")}
    nodes = by_node(found)
    assert nodes["customer", "acme"] == Decimal("15.01")
    assert nodes["customer", "unattributed"] == Decimal("2.99")
    assert nodes["region", "111111111111/eu-west-1"] == Decimal(5)
    assert nodes["region", "unattributed"] == Decimal("0.49")


def test_usage_leaves_out_tax_fees_and_credits_and_is_amortized(lake: TrinoLake) -> None:
    rows = [
        daily("7", amortized_cost_usd=Decimal(9)),
        daily("100", charge_category="fee"),
        daily("3", charge_category="tax"),
        daily("-50", charge_category="credit"),
    ]
    lake.write("cost_daily", rows, DAY)
    (total,) = [row for row in lake.rollup("cost_rollup_daily", DAY) if row["level"] == "total"]
    assert (total["cost_usd"], total["usage_cost_usd"], total["event_count"]) == (Decimal(60), Decimal(9), 4)


def test_days_of_one_query_stay_apart(lake: TrinoLake) -> None:
    lake.write("cost_daily", [daily("1")], "2026-11-17")
    lake.write("cost_daily", [daily("2")], "2026-11-18")
    lake.write("cost_daily", [daily("4")], "2026-11-19")
    totals = {
        row["day"].isoformat(): row["cost_usd"]
        for row in lake.rollup("cost_rollup_daily", "2026-11-17", "2026-11-18")
        if row["level"] == "total"
    }
    assert totals == {"2026-11-17": Decimal(1), "2026-11-18": Decimal(2)}
