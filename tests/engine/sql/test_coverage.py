"""collection_coverage_daily, collection_coverage and aws_accounts: how complete the evidence is."""

from datetime import UTC, datetime, timedelta

from lake.times import naive
from tests.support.lake_on_trino import Row, TrinoLake, rollup_row, scan_outcome

NINE = datetime(2026, 11, 18, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def publish_coverage(lake: TrinoLake, day: str) -> list[Row]:
    """A day's coverage as the rollup makes it, published for the day after to build on."""
    rows = lake.rollup("collection_coverage_daily", day)
    times = [{name: naive(row[name]) for name in ("last_scan_at", "last_ok_at") if row[name]} for row in rows]
    lake.write("collection_coverage_daily", [row | at for row, at in zip(rows, times, strict=True)], day)
    return rows


def scans(lake: TrinoLake, day: str, *outcomes: Row) -> None:
    lake.write("collector_runs", outcomes, day)


def test_the_newest_outcome_counts_and_the_last_success_is_remembered(lake: TrinoLake) -> None:
    denied = scan_outcome(NINE + timedelta(hours=1), "denied", event_count=0, error_message="no ec2:DescribeVolumes")
    scans(lake, "2026-11-18", scan_outcome(NINE, event_count=7), denied)
    (made,) = publish_coverage(lake, "2026-11-18")
    assert (made["scan_count"], made["failure_count"]) == (2, 1)
    (row,) = lake.view("collection_coverage")
    assert (row["status"], row["last_ok_at"], row["event_count"]) == ("denied", NINE, 0)
    assert row["error_message"] == "no ec2:DescribeVolumes"


def test_what_was_not_scanned_again_is_carried_on_with_its_last_success_and_no_scans_of_the_day(lake: TrinoLake) -> None:
    scans(lake, "2026-11-18", scan_outcome(NINE), scan_outcome(NINE, aws_region="eu-west-1"))
    publish_coverage(lake, "2026-11-18")
    scans(lake, "2026-11-19", scan_outcome(NINE + DAY, "failed"))
    rows = {row["aws_region"]: row for row in publish_coverage(lake, "2026-11-19")}
    failed, carried = rows["us-east-1"], rows["eu-west-1"]
    assert (failed["status"], failed["last_ok_at"], failed["scan_count"]) == ("failed", NINE, 1)
    assert (carried["status"], carried["last_scan_at"], carried["scan_count"]) == ("ok", NINE, 0)
    assert len(lake.view("collection_coverage")) == 2, "the newest day alone, not a row for each"


def test_what_nobody_scanned_for_a_year_is_forgotten(lake: TrinoLake) -> None:
    stored = {"collector": "gone", "status": "ok", "event_count": 1, "scan_count": 0, "failure_count": 0}
    old, older = (naive(NINE - timedelta(days=days)) for days in (364, 370))
    rows = [stored | {"aws_region": "kept", "last_scan_at": old}, stored | {"aws_region": "lost", "last_scan_at": older}]
    lake.write("collection_coverage_daily", rows, "2026-11-17")
    assert [row["aws_region"] for row in lake.rollup("collection_coverage_daily", "2026-11-18")] == ["kept"]


def test_accounts_that_only_a_bill_shows_are_listed_as_not_configured(lake: TrinoLake) -> None:
    known = {"aws_account_id": "111111111111", "account_name": "prod", "regions": ["us-east-1"], "enabled": True}
    lake.write("account_settings", [known])
    billed = [rollup_row("account", account, "5") for account in ("222222222222", "333333333333", "unattributed")]
    lake.write("cost_rollup_daily", billed, "2026-11-18")
    outcomes = [scan_outcome(NINE), scan_outcome(NINE, "failed", aws_region="eu-west-1")]
    scans(lake, "2026-11-18", *outcomes, scan_outcome(NINE, aws_account_id="333333333333"))
    publish_coverage(lake, "2026-11-18")
    rows = {row["aws_account_id"]: row for row in lake.view("aws_accounts")}
    assert len(rows) == len(lake.view("aws_accounts")) == 3
    assert (rows["111111111111"]["is_configured"], rows["111111111111"]["failing_scans"]) == (True, 1)
    assert (rows["222222222222"]["is_configured"], rows["222222222222"]["last_scan_at"]) == (False, None)
    assert (rows["333333333333"]["is_configured"], rows["333333333333"]["last_scan_at"]) == (False, NINE)
