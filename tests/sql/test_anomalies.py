"""anomalies and cost_anomalies: each complete day held against the 30 before it."""

from decimal import Decimal
from statistics import mean, stdev

import pytest

from tests.lake_on_trino import Row, TrinoLake, day_after, rollup_row

FIRST = "2026-09-01"


def spend(lake: TrinoLake, costs: list[str | None], first_day: str = FIRST, level: str = "total") -> None:
    """Consecutive days of one node; None is a day on which only another node cost something."""
    for offset, cost in enumerate(costs):
        rows = [rollup_row("total", "total", cost or "1")]
        if level != "total" and cost is not None:
            rows.append(rollup_row(level, "node", cost))
        lake.write("cost_rollup_daily", rows, day_after(first_day, offset))


def judged(lake: TrinoLake, first_offset: int, last_offset: int, level: str = "total") -> list[Row]:
    rows = lake.rollup("anomalies", day_after(FIRST, first_offset), day_after(FIRST, last_offset))
    return sorted((row for row in rows if row["level"] == level), key=lambda row: row["usage_date"])


def publish(lake: TrinoLake, first_offset: int, last_offset: int) -> None:
    found: dict[str, list[Row]] = {}
    for row in lake.rollup("anomalies", day_after(FIRST, first_offset), day_after(FIRST, last_offset)):
        found.setdefault(row.pop("usage_date").isoformat(), []).append(row)
    for day, rows in found.items():
        lake.write("anomalies", rows, day)


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


def test_deviation_alone_wakes_nobody_without_dollars_and_per_cent(lake: TrinoLake) -> None:
    spend(lake, [*(str(Decimal(c) / 100) for c in STEADY), "9", "1"])
    assert judged(lake, 30, 30)[0]["z_score"] > 3
    assert judged(lake, 30, 30)[0]["anomaly_type"] == "NORMAL"
    spend(lake, [*STEADY, "115", "100"])
    assert judged(lake, 30, 30)[0]["z_score"] > 3
    assert judged(lake, 30, 30)[0]["anomaly_type"] == "NORMAL"


def test_a_new_node_is_held_against_the_zero_days_before_it(lake: TrinoLake) -> None:
    spend(lake, [None] * 20 + ["50", "50"], level="service")
    lake.write("cost_rollup_daily", [rollup_row("total", "total", "1")], day_after(FIRST, 22))
    for offset in (20, 21):
        rows = [rollup_row("total", "total", "51"), rollup_row("service", "node", "50", "service")]
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
