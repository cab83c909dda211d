"""Every saved query runs as it stands, on an empty lake and on one with a little in it."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.sql.test_cost_rollup_daily import daily
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake, rollup_row

QUERIES = {query.name: query for query in CATALOG.queries}


def create_views(lake: TrinoLake) -> None:
    for view in lake.catalog.views:
        lake.create_view(view)


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
    rows = [daily("1", usage_type="a"), daily("2", usage_type="b"), daily("9", usage_type="c", customer="acme")]
    lake.write("cost_daily", rows, "2026-11-30")
    lake.write("cost_daily", [daily("5", usage_type="old")], "2026-10-31")
    assert [row["usage_type"] for row in lake.rows(QUERIES["untagged_spend"].sql)] == ["b", "a"]


def test_questions_across_dimensions_conserve_what_names_none(lake: TrinoLake) -> None:
    rows = [
        daily("1", customer="acme", cluster="a", usage_type="Box"),
        daily("2", customer="acme", cluster="b", usage_type="Box", charge_category="tax"),
        daily("4", customer="acme", usage_type=None),
        daily("8", aws_region=None, usage_type="Disk"),
    ]
    lake.write("cost_daily", rows, "2026-11-18")

    def found(query: str, *columns: str) -> dict[tuple[str, ...], int]:
        rows = lake.rows(QUERIES[query].sql)
        return {tuple(str(row[column]) for column in columns): int(row["cost_usd"]) for row in rows}

    assert found("customers_by_cluster", "customer", "cluster") == {
        ("unattributed", "unattributed"): 8,
        ("acme", "unattributed"): 4,
        ("acme", "b"): 2,
        ("acme", "a"): 1,
    }
    assert found("usage_types_by_service", "usage_type") == {("Disk",): 8, ("unattributed",): 4, ("Box",): 3}
    assert found("spend_by_region", "aws_region") == {("unattributed",): 8, ("us-east-1",): 7}
    assert found("charges_by_month", "month", "charge_category") == {("2026-11-01", "usage"): 13, ("2026-11-01", "tax"): 2}


def test_questions_about_nodes_look_at_the_newest_days_of_the_bill(lake: TrinoLake) -> None:
    nodes = [
        rollup_row("total", "total", "10"),
        rollup_row("account", "1", "10"),
        rollup_row("service", "AmazonEC2", "7", "service"),
        rollup_row("service", "AmazonS3", "3", "service"),
    ]
    for day in ("2026-08-01", "2026-10-03", "2026-10-20", "2026-11-02", "2026-11-04"):
        lake.write("cost_rollup_daily", nodes, day)
    top = lake.rows(QUERIES["top_services_last_30_days"].sql)
    assert [(row["service"], row["cost_usd"]) for row in top] == [("AmazonEC2", Decimal(21)), ("AmazonS3", Decimal(9))]
    (month,) = lake.rows(QUERIES["month_to_date"].sql)
    assert (month["cost_usd"], month["month_before_usd"]) == (Decimal(20), Decimal(10)), "not what came later in October"
    trend = lake.rows(QUERIES["trend_of_90_days"].sql)
    assert [str(row["day"]) for row in trend] == ["2026-11-04", "2026-11-02", "2026-10-20", "2026-10-03"]
