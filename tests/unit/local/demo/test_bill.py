"""The demo's bill: CUR 2.0 as AWS writes it, with totals that tie, one spike and exactly two broken budget rules."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from infra.settings.load import load_settings
from local.demo.bill import build_bill, total_usd
from local.demo.company import build_company
from local.demo.cur_schema import CUR2_SCHEMA
from local.demo.export import deliver
from tests.unit.local.report.reports import demo_company, demo_report

LAST_DAY = date(2026, 11, 20)
CONFIG = Path(__file__).resolve().parents[4] / "local" / "demo" / "config"
TOTAL = Decimal("324444.2633594003")
"""What the demo costs for the day above; a change of the company or its prices changes this line too."""


@pytest.fixture(scope="module")
def bill() -> dict[date, pa.Table]:
    return build_bill(demo_company())


def test_the_bill_is_the_same_each_time_and_its_total_is_known(bill):
    again = build_bill(build_company(LAST_DAY))
    assert bill.keys() == again.keys()
    assert all(bill[period].equals(again[period]) for period in bill)
    assert total_usd(bill) == TOTAL


def test_it_is_made_in_under_three_seconds_of_work_and_stays_under_120_000_lines(bill):
    began = time.process_time()
    build_bill(demo_company())
    assert time.process_time() - began < 3
    assert 100_000 < sum(map(len, bill.values())) <= 120_000


def test_each_period_has_the_columns_and_types_of_cur_2_and_lines_of_its_own_month_only(bill):
    for period, table in bill.items():
        assert table.schema == CUR2_SCHEMA
        days = pc.unique(pc.cast(table["line_item_usage_start_date"], pa.date32())).to_pylist()
        assert {(day.year, day.month) for day in days} == {(period.year, period.month)}


def test_line_item_id_and_interval_together_are_unique(bill):
    for table in bill.values():
        keys = table.group_by(["identity_line_item_id", "identity_time_interval"]).aggregate([])
        assert len(keys) == len(table)


def test_the_savings_plan_nets_out_so_that_amortized_differs_by_service_and_not_in_total(bill):
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for table in bill.values():
        for kind, cost in zip(
            table["line_item_line_item_type"].to_pylist(), table["line_item_unblended_cost"].to_pylist(), strict=True
        ):
            sums[kind] += Decimal(repr(cost))
    assert sums["SavingsPlanCoveredUsage"] == -sums["SavingsPlanNegation"] > 0
    fee = total_usd(bill, "savings_plan_total_commitment_to_date")
    assert sums["SavingsPlanRecurringFee"] == fee > total_usd(bill, "savings_plan_used_commitment")
    assert total_usd(bill, "savings_plan_used_commitment") == total_usd(bill, "savings_plan_savings_plan_effective_cost")
    assert sums["Credit"] == Decimal(-750)
    assert sums["Tax"] > 0 and sums["Fee"] > 0
    assert total_usd(bill, "line_item_net_unblended_cost") < total_usd(bill)


def test_every_level_adds_up_to_the_total_and_the_untagged_share_is_about_fifteen_per_cent():
    report = demo_report()
    assert report.total == TOTAL
    assert report.ties_out()
    usage = {node.id: sum(node.daily_usage) for node in report.level("group/customer").nodes[:8]}
    total = sum(report.level("account/total").nodes[0].daily_usage)
    assert 0.12 < usage["unattributed"] / total < 0.18


def test_the_newest_day_is_partial():
    daily = demo_report().level("account/total").nodes[0].daily_usage
    assert 0.3 < daily[-1] / daily[-2] < 0.45


@pytest.mark.parametrize("last_day", [LAST_DAY, date(2026, 12, 6), date(2027, 2, 1)])
def test_exactly_two_budget_rules_are_broken_whenever_the_demo_runs(last_day):
    company = build_company(last_day)
    daily, monthly = _spend(company, build_bill(company))
    broken = {}
    for rule in load_settings(CONFIG).budgets.budgets:
        spend = daily if rule.period == "daily" else monthly
        nodes = {node: amounts for (level, node), amounts in spend.items() if level == rule.level}
        wanted = nodes if rule.ancestor_id is None else {rule.ancestor_id: nodes[rule.ancestor_id]}
        over = [day for amounts in wanted.values() for day, amount in amounts.items() if amount > float(rule.limit_usd)]
        if over:
            broken[rule.rule_id] = sorted(over)
    assert set(broken) == {"aperture-day", "staging-day"}
    assert broken["aperture-day"] == [company.last_day - timedelta(days=n) for n in (3, 2, 1)]
    staging = broken["staging-day"]
    assert staging[-1] == company.last_day - timedelta(days=1)
    assert len(staging) == (staging[-1] - staging[0]).days + 1 > 5


def _spend(company, bill):
    """Unblended cost by (level, node) and day, and by month, for the levels that the demo's rules look at."""
    daily = defaultdict(lambda: defaultdict(float))
    monthly = defaultdict(lambda: defaultdict(float))
    for table in bill.values():
        tags = {}
        columns = ["identity_line_item_id", "line_item_usage_start_date", "line_item_unblended_cost"]
        columns += ["line_item_usage_account_id", "line_item_product_code"]
        for index, (line, moment, cost, account, service) in enumerate(
            zip(*(table[name].to_pylist() for name in columns), strict=True)
        ):
            if line not in tags:
                tags[line] = dict(table["resource_tags"][index].as_py() or ())
            customer = tags[line].get("user_customer") or tags[line].get("user_client")
            nodes = {"total": "total", "account": account, "service": service}
            nodes |= {"customer": customer or "unattributed", "env": tags[line].get("user_env", "unattributed")}
            for key in nodes.items():
                daily[key][moment.date()] += cost
                monthly[key][moment.date().replace(day=1)] += cost
    return daily, monthly


def test_the_export_is_delivered_as_data_exports_does(bill):
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        s3.create_bucket(Bucket="lake")
        delivery = deliver(s3, "lake", "bills/aws/", bill)
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]]
        for period in ("2026-09", "2026-10", "2026-11"):
            manifest_key = f"bills/aws/harbor/metadata/BILLING_PERIOD={period}/harbor-Manifest.json"
            assert delivery.manifests[period] == manifest_key
            manifest = json.loads(s3.get_object(Bucket="lake", Key=manifest_key)["Body"].read())
            [uri] = manifest["dataFiles"]
            key = uri.removeprefix("s3://lake/")
            assert key in keys
            assert key.startswith(f"bills/aws/harbor/data/BILLING_PERIOD={period}/")
            body = s3.get_object(Bucket="lake", Key=key)["Body"].read()
            assert pq.read_table(pa.BufferReader(body)).equals(bill[date.fromisoformat(f"{period}-01")])
        assert len(keys) == 6
        assert delivery.line_items == sum(map(len, bill.values()))
