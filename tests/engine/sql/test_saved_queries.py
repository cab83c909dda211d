"""Every saved query runs as it stands, on an empty lake and on one with a little in it."""

from __future__ import annotations

from decimal import Decimal

from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake, rollup_row

QUERIES = {query.name: query for query in CATALOG.queries}


def create_views(lake: TrinoLake) -> None:
    for view in lake.catalog.views:
        lake.athena.execute(f"create or replace view {view.name} as\n{view.sql}")


def test_every_query_runs(lake: TrinoLake) -> None:
    create_views(lake)
    for query in QUERIES.values():
        assert lake.rows(query.sql) == [], query.name


def test_idle_is_what_is_still_there_and_serves_nobody(lake: TrinoLake) -> None:
    create_views(lake)
    kinds = {
        "idle": ("ebs:volume", "available", None),
        "used": ("ebs:volume", "in-use", None),
        "free": ("elastic_ip", "active", "false"),
        "taken": ("elastic_ip", "active", "true"),
        "released": ("elastic_ip", "deleted", "false"),
    }
    rows = [
        {"resource_type": kind, "resource_id": name, "state": state, "properties": [("associated", bound)] if bound else []}
        for name, (kind, state, bound) in kinds.items()
    ]
    lake.write("resource_snapshots_daily", rows, "2026-11-18")
    assert {row["resource_id"] for row in lake.rows(QUERIES["idle_resources"].sql)} == {"idle", "free"}


def test_the_tie_out_finds_a_level_that_does_not_add_up(lake: TrinoLake) -> None:
    rows = [rollup_row("total", "total", "10"), rollup_row("account", "1", "9.99")]
    lake.write("cost_rollup_daily", rows, "2026-11-18")
    (row,) = lake.rows(QUERIES["totals_tie_out"].sql)
    assert (row["level"], row["cost_usd"], row["total_usd"]) == ("account", Decimal("9.99"), Decimal(10))


def test_what_changed_is_held_against_the_same_weekday(lake: TrinoLake) -> None:
    for day, cost in {"2026-11-11": "10", "2026-11-17": "99", "2026-11-18": "25", "2026-11-19": "1"}.items():
        lake.write("cost_rollup_daily", [rollup_row("service", "AmazonEC2", cost, "service")], day)
    (row,) = lake.rows(QUERIES["what_changed_yesterday"].sql)
    assert (row["cost_usd"], row["difference_usd"]) == (Decimal(25), Decimal(15))


def test_untagged_spend_lists_the_dearest_of_the_last_thirty_days_first(lake: TrinoLake) -> None:
    line = {"charge_category": "usage", "aws_account_id": "1", "resource_type": "t"}
    rows = [line | {"resource_arn": arn, "amortized_cost_usd": Decimal(cost)} for arn, cost in (("a", "1"), ("b", "2"))]
    tagged = line | {"resource_arn": "c", "amortized_cost_usd": Decimal(9), "customer": "acme"}
    lake.write("cost_hourly", [*rows, tagged], "2026-11-30")
    lake.write("cost_hourly", [line | {"resource_arn": "old", "amortized_cost_usd": Decimal(5)}], "2026-10-31")
    assert [row["resource_arn"] for row in lake.rows(QUERIES["untagged_spend"].sql)] == ["b", "a"]
