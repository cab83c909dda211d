"""collection_coverage and aws_accounts: how complete the evidence is."""

from datetime import UTC, datetime, timedelta

from tests.support.lake_on_trino import TrinoLake, rollup_row, scan_outcome

NINE = datetime(2026, 11, 18, 9, tzinfo=UTC)


def test_the_newest_outcome_counts_and_the_last_success_is_remembered(lake: TrinoLake) -> None:
    denied = scan_outcome(NINE + timedelta(hours=1), "denied", event_count=0, error_message="no ec2:DescribeVolumes")
    lake.write("collector_runs", [scan_outcome(NINE, event_count=7), denied], "2026-11-18")
    (row,) = lake.view("collection_coverage")
    assert (row["status"], row["last_ok_at"], row["event_count"]) == ("denied", NINE, 0)
    assert row["error_message"] == "no ec2:DescribeVolumes"


def test_accounts_that_only_a_bill_shows_are_listed_as_not_configured(lake: TrinoLake) -> None:
    known = {"aws_account_id": "111111111111", "account_name": "prod", "regions": ["us-east-1"], "enabled": True}
    lake.write("account_settings", [known])
    billed = [rollup_row("account", "222222222222", "5"), rollup_row("account", "unattributed", "1")]
    lake.write("cost_rollup_daily", billed, "2026-11-18")
    outcomes = [scan_outcome(NINE), scan_outcome(NINE, "failed", aws_region="eu-west-1")]
    lake.write("collector_runs", outcomes, "2026-11-18")
    rows = {row["aws_account_id"]: row for row in lake.view("aws_accounts")}
    assert set(rows) == {"111111111111", "222222222222"}
    assert (rows["111111111111"]["is_configured"], rows["111111111111"]["failing_scans"]) == (True, 1)
    assert (rows["222222222222"]["is_configured"], rows["222222222222"]["last_scan_at"]) == (False, None)
