"""resource_snapshots_daily and resource_snapshots: yesterday's snapshot brought up to date by today's scans."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lake.times import naive
from tests.engine.sql.test_coverage import publish_coverage
from tests.support.lake_on_trino import Row, TrinoLake, config_event, scan_outcome

DAY = "2026-11-18"
NEXT = "2026-11-19"
NINE = datetime(2026, 11, 18, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def scan(lake: TrinoLake, slot: datetime, events: list[Row], status: str = "ok") -> None:
    """One scan of the volumes: its events and its outcome."""
    day = slot.date().isoformat()
    lake.write("resource_events", events, "config", "ebs_volumes", day, name=f"{slot:%H}")
    lake.write("collector_runs", [scan_outcome(slot, status)], day, name=f"{slot:%H}")


def snapshot(lake: TrinoLake, day: str) -> dict[str, Row]:
    """The day's snapshot as the rollup makes it, published for the day after to build on."""
    publish_coverage(lake, day)
    rows = lake.rollup("resource_snapshots_daily", day)
    stored = [
        row | {name: naive(row[name]) for name in ("first_seen", "last_seen", "last_updated") if row[name]} for row in rows
    ]
    plain = [{k: v for k, v in row.items() if k not in ("snapshot_date", "properties", "tags")} for row in stored]
    for target, row in zip(plain, rows, strict=True):
        target["properties"], target["tags"] = as_pairs(row["properties"]), as_pairs(row["tags"])
    lake.write("resource_snapshots_daily", plain, day)
    return {row["resource_arn"]: row for row in rows}


def as_pairs(text: str) -> list[tuple[str, str]]:
    """Athena's text of a map, `{a=1, b=2}`, as pairs."""
    inner = text.strip("{}")
    return [tuple(part.split("=", 1)) for part in inner.split(", ")] if inner else []  # type: ignore[misc]


def test_the_last_scan_of_the_day_wins_and_the_first_is_remembered(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, properties={"state": "available"})])
    scan(lake, NINE + HOUR, [config_event(NINE + HOUR, properties={"state": "in-use"}, tags={"team": "a"})])
    row = snapshot(lake, DAY)["arn:1"]
    assert (row["state"], row["tags"]) == ("in-use", "{team=a}")
    assert (row["first_seen"], row["last_seen"], row["last_updated"]) == (NINE, NINE + HOUR, NINE + HOUR)


def test_an_unchanged_resource_is_seen_but_not_updated(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE)])
    snapshot(lake, DAY)
    later = NINE + 24 * HOUR
    scan(lake, later, [config_event(later)])
    row = snapshot(lake, NEXT)["arn:1"]
    assert (row["first_seen"], row["last_seen"], row["last_updated"]) == (NINE, later, NINE)


def test_gone_only_after_a_later_successful_scan_of_its_account_and_region(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, "arn:1"), config_event(NINE, "arn:2", aws_region="eu-west-1")])
    scan(lake, NINE + HOUR, [])
    rows = snapshot(lake, DAY)
    assert (rows["arn:1"]["state"], rows["arn:2"]["state"]) == ("deleted", "in-use")


def test_a_scan_of_a_whole_account_deletes_what_it_no_longer_sees_in_any_region(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, "arn:1"), config_event(NINE, "arn:2", aws_region="eu-west-1")])
    later = NINE + HOUR
    lake.write("resource_events", [config_event(later, "arn:1")], "config", "ebs_volumes", DAY, name="whole")
    lake.write("collector_runs", [scan_outcome(later, aws_region="global")], DAY, name="whole")
    rows = snapshot(lake, DAY)
    assert (rows["arn:1"]["state"], rows["arn:2"]["state"]) == ("in-use", "deleted")


def test_a_failed_scan_deletes_nothing(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE)])
    scan(lake, NINE + HOUR, [], status="denied")
    assert snapshot(lake, DAY)["arn:1"]["state"] == "in-use"


def test_a_resource_lives_on_through_a_day_without_scans_and_may_come_back(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE)])
    scan(lake, NINE + HOUR, [])
    assert snapshot(lake, DAY)["arn:1"]["state"] == "deleted"
    assert snapshot(lake, NEXT)["arn:1"]["state"] == "deleted"
    back = NINE + 48 * HOUR
    scan(lake, back, [config_event(back)])
    row = snapshot(lake, "2026-11-20")["arn:1"]
    assert (row["state"], row["first_seen"], row["last_seen"]) == ("in-use", NINE, back)


def test_what_was_deleted_leaves_the_snapshot_after_thirty_days(lake: TrinoLake) -> None:
    kept = {"first_seen": naive(NINE), "last_updated": naive(NINE), "collector": "ebs_volumes", "_version": 1}
    event = {k: v for k, v in config_event(NINE).items() if k in ("resource_type", "resource_id", "properties", "tags")}
    rows = [
        event | kept | {"resource_arn": "old", "state": "deleted", "last_seen": naive(NINE - 31 * 24 * HOUR)},
        event | kept | {"resource_arn": "new", "state": "deleted", "last_seen": naive(NINE - 20 * 24 * HOUR)},
        event | kept | {"resource_arn": "live", "state": "in-use", "last_seen": naive(NINE - 99 * 24 * HOUR)},
    ]
    lake.write("resource_snapshots_daily", rows, "2026-11-17")
    assert set(snapshot(lake, DAY)) == {"new", "live"}


def test_costs_are_of_the_newest_complete_day_and_the_thirty_days_up_to_it(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, "arn:1"), config_event(NINE, "arn:unbilled")])
    costs = {"2026-10-18": "100", "2026-10-19": "1", "2026-11-16": "2", "2026-11-17": "4", DAY: "50"}
    for day, cost in costs.items():
        lake.write("cost_hourly", [{"resource_arn": "arn:1", "amortized_cost_usd": Decimal(cost)}], day)
    rows = snapshot(lake, DAY)
    assert (rows["arn:1"]["cost_daily_usd"], rows["arn:1"]["cost_monthly_usd"]) == (Decimal(4), Decimal(7))
    assert rows["arn:unbilled"]["cost_daily_usd"] is None


def test_thirty_days_of_costs_are_summed_although_the_bill_is_two_weeks_late(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, "arn:1")])
    for offset in range(40):
        day = (NINE - timedelta(days=14 + offset)).date().isoformat()
        lake.write("cost_hourly", [{"resource_arn": "arn:1", "amortized_cost_usd": Decimal(1)}], day)
    row = snapshot(lake, DAY)["arn:1"]
    assert (row["cost_daily_usd"], row["cost_monthly_usd"]) == (Decimal(1), Decimal(30))


def test_the_view_shows_the_newest_snapshot_only(lake: TrinoLake) -> None:
    scan(lake, NINE, [config_event(NINE, "arn:1"), config_event(NINE, "arn:2")])
    snapshot(lake, DAY)
    snapshot(lake, NEXT)
    rows = lake.view("resource_snapshots")
    assert sorted((row["resource_arn"], row["snapshot_date"].isoformat()) for row in rows) == [
        ("arn:1", NEXT),
        ("arn:2", NEXT),
    ]
