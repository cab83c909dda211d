"""cost_daily, cost_nodes and cost_node_resources: each day's cost across dimensions, by node, and by resource of a node."""

import re
from decimal import Decimal

from infra.settings.files import LEVELS
from tests.engine.sql.test_cost_rollup_daily import daily
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import Row, TrinoLake

DAY = "2026-11-18"


def hourly(cost: str, arn: str | None = None, **fields: object) -> Row:
    """A row of cost_hourly; its day is its partition's."""
    return daily(cost, resource_arn=arn, **fields)


def test_hours_and_resources_of_one_day_become_one_row_and_dimensions_stay_apart(lake: TrinoLake) -> None:
    rows = [
        hourly("1.25", "arn:1", customer="acme", cluster="a"),
        hourly("2.50", "arn:2", customer="acme", cluster="a"),
        hourly("4", "arn:1", customer="acme", cluster=None),
        hourly("8", customer="acme", cluster="a", charge_category="tax", amortized_cost_usd=None),
    ]
    lake.write("cost_hourly", rows, DAY)
    lake.write("cost_hourly", [hourly("100")], "2026-11-19")
    found = {(row["cluster"], row["charge_category"]): row for row in lake.rollup("cost_daily", DAY)}
    assert {key: (row["cost_usd"], row["amortized_cost_usd"], row["event_count"]) for key, row in found.items()} == {
        ("a", "usage"): (Decimal("3.75"), Decimal("3.75"), 2),
        (None, "usage"): (Decimal(4), Decimal(4), 1),
        ("a", "tax"): (Decimal(8), None, 1),
    }


def test_each_level_of_the_nodes_holds_every_row_once(lake: TrinoLake) -> None:
    lake.write("cost_daily", [daily("1.5", customer="acme"), daily("2", customer=None, aws_region=None)], DAY)
    nodes = lake.view("cost_nodes")
    for dimension, levels in LEVELS.items():
        for level in levels:
            rows = [row for row in nodes if (row["dimension"], row["level"]) == (dimension, level)]
            assert sum(row["cost_usd"] for row in rows) == Decimal("3.5"), level
    of_level = {level: {r["ancestor_id"] for r in nodes if r["level"] == level} for level in ("customer", "region")}
    assert of_level == {
        "customer": {"acme", "unattributed"},
        "region": {"111111111111/us-east-1", "unattributed"},
    }


def test_the_levels_that_budgets_may_name_are_those_of_the_nodes_in_their_order() -> None:
    (view,) = (view for view in CATALOG.views if view.name == "cost_nodes")
    made = re.findall(r"row\('(\w+)', '(\w+)', ", view.sql)
    assert made == [(dimension, level) for dimension, levels in LEVELS.items() for level in levels]
    said = next(column for column in CATALOG.table("outlay.cost_rollup_daily").columns if column.name == "level").comment
    assert said == "; ".join(f"{dimension}: {', '.join(levels)}" for dimension, levels in LEVELS.items())


def test_a_nodes_resources_add_up_to_it_even_where_dimensions_are_missing(lake: TrinoLake) -> None:
    rows = [
        hourly("1", "arn:1", customer="acme"),
        hourly("2", "arn:1", customer="acme", aws_region=None),
        hourly("4", "arn:2", customer="acme", aws_region=""),
        hourly("8", customer="acme"),
        hourly("16", "arn:1", customer="other"),
    ]
    lake.write("cost_hourly", rows, DAY)
    lake.write("cost_hourly", rows, "2026-11-19")
    for day in (DAY, "2026-11-19"):
        lake.write("cost_daily", lake.rollup("cost_daily", day), day)
    lake.view("cost_node_resources")
    found = lake.rows(
        "select resource_arn, sum(cost_usd) as usd from cost_node_resources "
        f"where day = date '{DAY}' and dimension = 'group' and level = 'customer' and ancestor_id = 'acme' group by 1"
    )
    assert {row["resource_arn"]: row["usd"] for row in found} == {"arn:1": Decimal(3), "arn:2": Decimal(4), None: Decimal(8)}
