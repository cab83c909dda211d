"""rule_violations and budget_violations: limits by day and by month to date, told once for each breach."""

from decimal import Decimal

import pytest

from tests.support.lake_on_trino import Row, TrinoLake, day_after, rollup_row


def rule(rule_id: str, limit: str, **fields: object) -> Row:
    """A rule on one account, daily and unblended unless told otherwise."""
    return {
        "rule_id": rule_id,
        "description": "why",
        "dimension": "account",
        "level": "account",
        "ancestor_id": "111111111111",
        "period": "daily",
        "limit_usd": Decimal(limit),
        "cost_type": "unblended",
        "severity": "warning",
        **fields,
    }


def spend(
    lake: TrinoLake,
    first_day: str,
    costs: list[str],
    ancestor_id: str = "111111111111",
    providers: tuple[str, ...] = ("AWS",),
) -> None:
    """Consecutive days of an account's spend, each with its total; every provider bills on each of them."""
    days = {}
    for offset, cost in enumerate(costs):
        rows = [rollup_row("total", "total", cost), rollup_row("account", ancestor_id, cost)]
        rows += [rollup_row("provider", provider, cost) for provider in providers]
        days[day_after(first_day, offset)] = rows
    lake.write_days("cost_rollup_daily", days)


def publish(lake: TrinoLake, first_day: str, last_day: str) -> None:
    """Put what the rollup finds where the view reads it."""
    found: dict[str, list[Row]] = {}
    for row in lake.rollup("rule_violations", first_day, last_day):
        found.setdefault(row.pop("day").isoformat(), []).append(row)
    lake.write_days("rule_violations", found)


def test_a_day_over_its_limit_is_a_violation_and_a_day_at_it_is_not(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("daily", "10.00")])
    spend(lake, "2026-11-10", ["10.00", "10.01"])
    (row,) = lake.rollup("rule_violations", "2026-11-10", "2026-11-11")
    assert (row["day"].isoformat(), row["actual_usd"], row["over_usd"]) == (
        "2026-11-11",
        Decimal("10.01"),
        Decimal("0.01"),
    )


def test_a_month_to_date_starts_on_the_first_and_goes_on_through_days_without_cost(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("monthly", "25.00", period="monthly")])
    spend(lake, "2026-10-30", ["20", "20", "10", "10", "10"])
    lake.write("cost_rollup_daily", [rollup_row("total", "total", "1")], "2026-11-04")
    rows = lake.rollup("rule_violations", "2026-11-01", "2026-11-04")
    assert [(r["day"].isoformat(), r["actual_usd"]) for r in rows] == [
        ("2026-11-03", Decimal(30)),
        ("2026-11-04", Decimal(30)),
    ]
    assert {r["period_start"].isoformat() for r in rows} == {"2026-11-01"}


def test_the_window_of_the_query_does_not_change_a_days_result(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("monthly", "25.00", period="monthly"), rule("daily", "9")])
    spend(lake, "2026-10-20", ["10"] * 20)
    together = lake.rollup("rule_violations", "2026-10-25", "2026-11-08")
    alone = [row for day in range(1, 9) for row in lake.rollup("rule_violations", f"2026-11-0{day}")]
    expected = [row for row in together if row["day"].isoformat() >= "2026-11-01"]
    assert sorted(alone, key=str) == sorted(expected, key=str)
    assert alone


def test_a_rule_without_a_node_holds_for_every_node_of_its_level(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("each", "3", ancestor_id=None)])
    rows = [rollup_row("total", "total", "9"), rollup_row("account", "1", "4"), rollup_row("account", "2", "5")]
    lake.write("cost_rollup_daily", rows, "2026-11-10")
    assert {row["ancestor_id"] for row in lake.rollup("rule_violations", "2026-11-10")} == {"1", "2"}


def test_a_rule_looks_at_its_own_kind_of_cost(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("amortized", "3", cost_type="amortized"), rule("net", "3", cost_type="net")])
    node = rollup_row("account", "111111111111", "9", amortized_cost_usd=Decimal(4), net_cost_usd=Decimal(2))
    lake.write("cost_rollup_daily", [node, rollup_row("total", "total", "9")], "2026-11-10")
    assert [(r["rule_id"], r["actual_usd"]) for r in lake.rollup("rule_violations", "2026-11-10")] == [
        ("amortized", Decimal(4))
    ]


def test_consecutive_days_are_one_finding_and_a_complete_day_within_the_limit_resolves_it(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("daily", "10")])
    spend(lake, "2026-11-10", ["11", "12", "5", "13", "14"])
    publish(lake, "2026-11-10", "2026-11-14")
    found = sorted(lake.view("budget_violations"), key=lambda row: row["first_day"])
    assert [(f["finding_id"], f["day_count"], f["over_usd"], f["status"]) for f in found] == [
        ("violation/daily/111111111111/2026-11-10", 2, Decimal(2), "resolved"),
        ("violation/daily/111111111111/2026-11-13", 2, Decimal(4), "open"),
    ]
    assert found[0]["resolved_day"].isoformat() == "2026-11-12"


def test_a_partial_newest_day_does_not_resolve(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("daily", "10")])
    spend(lake, "2026-11-10", ["11", "0.5"])
    publish(lake, "2026-11-10", "2026-11-11")
    assert [f["status"] for f in lake.view("budget_violations")] == ["open"]


def test_a_day_is_complete_when_the_slowest_provider_has_gone_on(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("daily", "10")])
    spend(lake, "2026-11-07", ["1", "1", "1", "11"], providers=("AWS", "Microsoft"))
    spend(lake, "2026-11-11", ["0.5", "0.5"])
    publish(lake, "2026-11-07", "2026-11-12")
    assert [f["status"] for f in lake.view("budget_violations")] == ["open"]
    spend(lake, "2026-11-11", ["0.5", "0.5"], providers=("AWS", "Microsoft"))
    (found,) = lake.view("budget_violations")
    assert (found["status"], found["resolved_day"].isoformat()) == ("resolved", "2026-11-11")


@pytest.mark.parametrize("days_billed", [3, 8])
def test_a_provider_that_bills_now_and_then_or_stopped_a_week_ago_holds_nothing_up(
    lake: TrinoLake, days_billed: int
) -> None:
    lake.write("budget_rules", [rule("daily", "10")])
    spend(lake, "2026-11-01", ["1"] * 18 + ["11", "1", "1"])
    last_day = 18 if days_billed < 4 else 11
    spend(lake, f"2026-11-{last_day - days_billed + 1:02}", ["1"] * days_billed, providers=("AWS", "Oracle"))
    publish(lake, "2026-11-01", "2026-11-21")
    assert [f["status"] for f in lake.view("budget_violations")] == ["resolved"]


def test_a_monthly_breach_keeps_its_name_when_its_first_day_moves(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("monthly", "25", period="monthly")])
    names = set()
    for first_cost in ("5", "15"):
        spend(lake, "2026-11-01", [first_cost, "11", "11"])
        publish(lake, "2026-11-01", "2026-11-03")
        (found,) = lake.view("budget_violations")
        names.add((found["finding_id"], found["first_day"].day))
    assert names == {("violation/monthly/111111111111/2026-11-01", day) for day in (2, 3)}


def test_a_monthly_breach_is_one_finding_until_the_next_month(lake: TrinoLake) -> None:
    lake.write("budget_rules", [rule("monthly", "25", period="monthly")])
    spend(lake, "2026-10-28", ["20", "20", "20", "20", "1", "1"])
    publish(lake, "2026-10-28", "2026-11-02")
    (found,) = lake.view("budget_violations")
    assert (found["first_day"].isoformat(), found["last_day"].isoformat()) == ("2026-10-29", "2026-10-31")
    assert (found["status"], found["actual_usd"]) == ("resolved", Decimal(80))
