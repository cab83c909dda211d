"""anomalies and cost_anomalies: each complete day held against the 30 before it."""

from decimal import Decimal
from statistics import mean, stdev

import pytest

from tests.support.lake_on_trino import Row, TrinoLake, day_after, rollup_row

FIRST = "2026-09-01"


def spend(lake: TrinoLake, costs: list[str | None], first_day: str = FIRST, level: str = "total") -> None:
    """Consecutive days of one node on AWS's bill; None is a day on which only another node cost something."""
    days = {}
    for offset, cost in enumerate(costs):
        rows = [rollup_row("total", "total", cost or "1"), rollup_row("provider", "AWS", cost or "1")]
        if level != "total" and cost is not None:
            rows.append(rollup_row(level, "node", cost))
        days[day_after(first_day, offset)] = rows
    lake.write_days("cost_rollup_daily", days)


def judged(lake: TrinoLake, first_offset: int, last_offset: int, level: str = "total") -> list[Row]:
    rows = lake.rollup("anomalies", day_after(FIRST, first_offset), day_after(FIRST, last_offset))
    return sorted((row for row in rows if row["level"] == level), key=lambda row: row["usage_date"])


def publish(lake: TrinoLake, first_offset: int, last_offset: int) -> None:
    found: dict[str, list[Row]] = {}
    for row in lake.rollup("anomalies", day_after(FIRST, first_offset), day_after(FIRST, last_offset)):
        found.setdefault(row.pop("usage_date").isoformat(), []).append(row)
    lake.write_days("anomalies", found)


STEADY = [str(100 + (i % 7)) for i in range(30)]


def test_a_spike_is_measured_against_the_thirty_days_before_it_without_itself(lake: TrinoLake) -> None:
    spend(lake, ["100000", *STEADY, "180", "100"])
    (day,) = judged(lake, 31, 31)
    before = [float(cost) for cost in STEADY]
    assert day["ma30_cost"] == pytest.approx(mean(before))
    assert day["stddev30_cost"] == pytest.approx(stdev(before))
    assert day["z_score"] == pytest.approx((180 - mean(before)) / stdev(before))
    assert (day["anomaly_type"], day["daily_cost"], day["history_days"]) == ("HIGH_SPEND", Decimal(180), 30)


def test_the_newest_day_is_still_growing_and_is_not_judged(lake: TrinoLake) -> None:
    spend(lake, [*STEADY, "5"])
    assert judged(lake, 30, 30) == []
    spend(lake, ["1"], day_after(FIRST, 31))
    assert [row["anomaly_type"] for row in judged(lake, 30, 30)] == ["LOW_SPEND"]


def bill(lake: TrinoLake, days: range, *providers: str) -> None:
    """Days on which providers billed 100 dollars each, from the account that they are called."""
    rows = [rollup_row("total", "total", str(100 * len(providers)))]
    rows += [rollup_row(level, provider, "100") for provider in providers for level in ("provider", "account")]
    lake.write_days("cost_rollup_daily", {day_after(FIRST, offset): rows for offset in days})


def judged_days(lake: TrinoLake, first_offset: int, last_offset: int, node: str = "total") -> dict[int, str]:
    """What a node's days are called, by their distance from the first."""
    rows = lake.rollup("anomalies", day_after(FIRST, first_offset), day_after(FIRST, last_offset))
    days = {day_after(FIRST, offset): offset for offset in range(last_offset + 1)}
    return {days[r["usage_date"].isoformat()]: r["anomaly_type"] for r in rows if r["ancestor_id"] == node}


def test_a_provider_that_bills_later_than_another_has_not_fallen_silent(lake: TrinoLake) -> None:
    bill(lake, range(30), "AWS", "Azure")
    bill(lake, range(30, 33), "AWS")
    assert set(judged_days(lake, 26, 32, "Azure")) == {26, 27, 28}, "day 29 of Azure's bill is still growing"
    bill(lake, range(30, 32), "AWS", "Azure")
    assert judged_days(lake, 28, 32, "Azure") == dict.fromkeys([28, 29, 30], "NORMAL")


def test_a_provider_that_stopped_is_waited_for_a_week_and_no_longer(lake: TrinoLake) -> None:
    bill(lake, range(30), "AWS", "Azure")
    bill(lake, range(30, 40), "AWS")
    found = judged_days(lake, 26, 39, "Azure")
    assert set(found) == {26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 37, 38}
    assert (found[29], found[30]) == ("NORMAL", "LOW_SPEND")


def test_who_bills_now_and_then_is_not_waited_for(lake: TrinoLake) -> None:
    bill(lake, range(31), "AWS")
    bill(lake, range(28, 29), "AWS", "AWS Marketplace")
    assert set(judged_days(lake, 26, 30)) == {26, 27, 28, 29}


def test_a_day_without_a_line_cost_nothing_and_the_day_before_it_is_complete(lake: TrinoLake) -> None:
    bill(lake, range(30), "AWS")
    bill(lake, range(32, 34), "AWS")
    (day,) = [row for row in judged(lake, 32, 32)]
    assert day["history_days"] == 30
    assert day["ma30_cost"] == pytest.approx(28 * 100 / 30), "28 days of the bill, and two without a line"
    assert judged_days(lake, 29, 33) == {29: "NORMAL", 30: "LOW_SPEND", 31: "LOW_SPEND", 32: "NORMAL"}


def test_how_far_a_query_looks_ahead_does_not_decide_what_is_complete(lake: TrinoLake) -> None:
    bill(lake, range(20), "AWS")
    bill(lake, range(30, 32), "AWS")
    assert judged_days(lake, 19, 30).keys() - {23, 24, 25, 26, 27, 28, 29} == {30}
    assert 19 not in judged_days(lake, 19, 19)


def test_deviation_alone_wakes_nobody_without_dollars_and_per_cent(lake: TrinoLake) -> None:
    spend(lake, [*(str(Decimal(c) / 100) for c in STEADY), "9", "1"])
    assert judged(lake, 30, 30)[0]["z_score"] > 3
    assert judged(lake, 30, 30)[0]["anomaly_type"] == "NORMAL"
    spend(lake, [*STEADY, "115", "100"])
    assert judged(lake, 30, 30)[0]["z_score"] > 3
    assert judged(lake, 30, 30)[0]["anomaly_type"] == "NORMAL"


def test_a_new_node_is_held_against_the_zero_days_before_it(lake: TrinoLake) -> None:
    spend(lake, [None] * 20 + ["50", "50"], level="service")
    spend(lake, ["1"], day_after(FIRST, 22))
    for offset in (20, 21):
        rows = [rollup_row("total", "total", "51"), rollup_row("provider", "AWS", "51")]
        rows.append(rollup_row("service", "node", "50", "service"))
        lake.write("cost_rollup_daily", rows, day_after(FIRST, offset))
    (day,) = [row for row in judged(lake, 20, 20, "service") if row["ancestor_id"] == "node"]
    assert (day["ma30_cost"], day["anomaly_type"], day["z_score"]) == (0.0, "HIGH_SPEND", None)


def test_under_fourteen_days_of_history_nothing_is_called_unusual(lake: TrinoLake) -> None:
    spend(lake, [*STEADY[:13], "900", "100"])
    (day,) = judged(lake, 13, 13)
    assert (day["history_days"], day["anomaly_type"], day["z_score"]) == (13, "NORMAL", None)


def test_the_window_of_the_query_does_not_change_a_days_result(lake: TrinoLake) -> None:
    spend(lake, [*STEADY, *STEADY, "400", "100"])
    together = judged(lake, 20, 60)
    alone = [row for offset in (35, 47, 60) for row in judged(lake, offset, offset)]
    assert alone == [row for row in together if row["usage_date"] in {a["usage_date"] for a in alone}]
    assert len(alone) == 3


def test_a_run_of_unusual_days_is_one_finding_until_a_normal_day(lake: TrinoLake) -> None:
    spend(lake, [*STEADY, "400", "900", "101", "700", "100"])
    publish(lake, 30, 34)
    found = sorted(
        (row for row in lake.view("cost_anomalies") if row["level"] == "total"), key=lambda row: row["usage_date"]
    )
    first = found[0]
    assert first["finding_id"] == f"anomaly/account/total/total/high_spend/{day_after(FIRST, 30)}"
    assert (first["daily_cost"], first["day_count"], first["status"]) == (Decimal(400), 2, "resolved")
    assert first["resolved_day"].isoformat() == day_after(FIRST, 32)
    assert first["over_pct"] == pytest.approx(100 * (400 - first["ma30_cost"]) / first["ma30_cost"])
    assert [row["status"] for row in found[1:]] == ["open"]
