"""cost_hourly: bill lines summed by hour and by all that tells them apart."""

from decimal import Decimal

from tests.support.lake_on_trino import TrinoLake, cost_event

DAY = "2026-11-18"


def test_lines_of_one_hour_add_up_and_the_next_hour_stands_apart(lake: TrinoLake) -> None:
    lake.write(
        "resource_events",
        [
            cost_event(f"{DAY} 09:00:00", "0.10"),
            cost_event(f"{DAY} 09:59:59", "0.20"),
            cost_event(f"{DAY} 10:00:00", "0.40"),
        ],
        "cost",
        "cur",
        DAY,
    )
    rows = sorted(lake.rollup("cost_hourly", DAY), key=lambda row: row["hour"])
    assert [(row["hour"].hour, row["cost_usd"], row["event_count"]) for row in rows] == [
        (9, Decimal("0.30"), 2),
        (10, Decimal("0.40"), 1),
    ]


def test_the_three_kinds_of_cost_are_kept_apart_to_the_last_digit(lake: TrinoLake) -> None:
    tiny = {"amortized_cost_usd": Decimal("0.000000000001"), "net_cost_usd": Decimal("0.02")}
    lake.write("resource_events", [cost_event(DAY, "0.03", **tiny) for _ in range(3)], "cost", "cur", DAY)
    (row,) = lake.rollup("cost_hourly", DAY)
    assert (row["cost_usd"], row["amortized_cost_usd"], row["net_cost_usd"]) == (
        Decimal("0.09"),
        Decimal("0.000000000003"),
        Decimal("0.06"),
    )


def test_a_credit_is_not_netted_into_the_usage_that_it_pays(lake: TrinoLake) -> None:
    lines = [cost_event(DAY, "5"), cost_event(DAY, "-2", charge_category="credit")]
    lake.write("resource_events", lines, "cost", "cur", DAY)
    costs = {row["charge_category"]: row["cost_usd"] for row in lake.rollup("cost_hourly", DAY)}
    assert costs == {"usage": Decimal(5), "credit": Decimal(-2)}


def test_what_names_no_resource_and_no_price_is_counted_and_stays_null(lake: TrinoLake) -> None:
    line = cost_event(DAY, None, resource_arn=None, resource_type="cost_allocation", aws_region=None)
    lake.write("resource_events", [line, line | {"event_id": "other"}], "cost", "cur", DAY)
    (row,) = lake.rollup("cost_hourly", DAY)
    assert (row["cost_usd"], row["event_count"], row["resource_arn"]) == (None, 2, None)


def test_only_cost_events_of_the_window_count(lake: TrinoLake) -> None:
    lake.write("resource_events", [cost_event(DAY, "1")], "cost", "cur", DAY)
    lake.write("resource_events", [cost_event(DAY, "1")], "config", "volumes", DAY)
    lake.write("resource_events", [cost_event("2026-11-17", "1")], "cost", "cur", "2026-11-17")
    rows = lake.rollup("cost_hourly", DAY)
    assert [(row["cost_date"].isoformat(), row["event_count"]) for row in rows] == [(DAY, 1)]
