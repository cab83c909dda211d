"""Amounts: other currencies by the user's rates, and commitments whose refunds leave amortized cost as their fees do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.configuration import Account
from lake.lake import Lake
from tests.support.catalog import CATALOG
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    CUR_SCHEMA,
    FOCUS,
    FOCUS_ROW,
    Export,
    csv_bytes,
    cur_table,
    line,
    put,
    run,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.bills.test_mapping import rows_of

MakeLake = Callable[..., Lake]
EUROS = {("2026-11", "EUR"): Decimal("1.1"), ("2026-10", "EUR"): Decimal("1.2")}
PLAN, RESERVATION = "savings_plan_savings_plan_a_r_n", "reservation_reservation_a_r_n"


def with_rates(lake: Lake, rates: dict[tuple[str, str], Decimal]) -> Lake:
    return replace(lake, configuration=replace(lake.configuration, exchange_rates=rates))


def test_another_currency_counts_by_the_rate_of_its_month_and_keeps_its_amount(make_lake: MakeLake) -> None:
    lake = with_rates(with_bills(make_lake(), FOCUS), EUROS)
    euros = FOCUS_ROW | {"BillingCurrency": "EUR", "BilledCost": "10", "EffectiveCost": "5"}
    october = euros | {"ChargePeriodStart": "2026-10-31T23:59:59Z"}
    put(lake, "bills/azure/a.csv", csv_bytes(euros, october, FOCUS_ROW))
    assert run(lake).failures == []
    found = {(row["value"], row["amortized_cost_usd"]): dict(row["properties"]) for row in seen(lake).to_pylist()}
    assert found.keys() == {(11, Decimal("5.5")), (12, 6), (Decimal("1.5"), Decimal("1.25"))}
    kept = (found[11, Decimal("5.5")]["original_cost"], found[11, Decimal("5.5")]["original_currency"])
    assert (Decimal(kept[0]), kept[1]) == (10, "EUR")
    assert "original_cost" not in found[Decimal("1.5"), Decimal("1.25")]


def test_a_currency_without_a_rate_is_refused_with_the_line_to_add(make_lake: MakeLake) -> None:
    lake = with_rates(with_bills(make_lake(), FOCUS), {("2026-10", "EUR"): Decimal(1)})
    put(lake, "bills/azure/a.csv", csv_bytes(FOCUS_ROW, FOCUS_ROW | {"BillingCurrency": "EUR"}))
    (failure,) = run(lake).failures
    assert "row 2, column BillingCurrency: value 'EUR' is not USD, and has no exchange rate for 2026-11" in failure
    assert "add the rate of 2026-11 to config/exchange_rates.csv: 2026-11,EUR," in failure
    assert run(with_rates(lake, EUROS)).failures == []


def test_only_a_rate_or_an_account_that_a_bill_has_makes_it_read_again(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(Account("111111111111", "Harbor")), CUR)
    Export(lake).deliver(cur_table([line()]))
    run(lake)
    others = (Account("111111111111", "Renamed"), Account("222222222222", "New", defaults={"env": "x"}))
    changed = replace(lake, configuration=replace(lake.configuration, accounts=others, exchange_rates=EUROS))
    assert run(changed).unchanged == ["aws.harbor.2026-11"]
    ours = (Account("111111111111", "Harbor", defaults={"env": "live"}),)
    assert run(replace(lake, configuration=replace(lake.configuration, accounts=ours))).published
    assert seen(lake)["env"].to_pylist() == ["live"]


REFUNDS: dict[str, tuple[dict[str, Any], bool]] = {
    "a plan, by its ARN": ({"line_item_product_code": "ComputeSavingsPlans", PLAN: "arn:plan"}, True),
    "a plan, by its words": (
        {
            "line_item_product_code": "MachineLearningSavingsPlans",
            "line_item_line_item_description": "Refund for one-time fee for Savings Plan ID: 1",
        },
        True,
    ),
    "a reservation": ({"line_item_product_code": "AmazonRDS", RESERVATION: "arn:ri", "line_item_resource_id": ""}, True),
    "a reservation, by its words": (
        {
            "line_item_product_code": "AmazonEC2",
            "line_item_resource_id": None,
            "line_item_line_item_description": "Refund for one-time fee for Reserved Instance ID: 1",
        },
        True,
    ),
    "a private discount on a plan": (
        {
            "line_item_product_code": "ComputeSavingsPlans",
            PLAN: "arn:plan",
            "line_item_line_item_description": "Enterprise Program Discount",
        },
        False,
    ),
    "a private discount on a plan, without its ARN": ({"line_item_product_code": "ComputeSavingsPlans"}, False),
    "a private discount on usage that a plan covers": ({PLAN: "arn:plan"}, False),
    "a private discount on usage that a reservation covers": ({RESERVATION: "arn:ri"}, False),
    "of usage": ({}, False),
}


@pytest.mark.parametrize("case", REFUNDS)
def test_which_refunds_leave_amortized_cost(case: str, tmp_path: Path) -> None:
    columns, leaves = REFUNDS[case]
    (row,) = amortized_of([line(cost=-10.0, line_item_line_item_type="Refund", **columns)], tmp_path)
    assert (row["charge_category"], row["value"], row["amortized_cost_usd"]) == ("refund", -10, 0 if leaves else -10)


def amortized_of(lines: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    schema = CUR_SCHEMA.append(pa.field(PLAN, "string"))
    table = pa.Table.from_pylist(lines, schema)
    return rows_of(CATALOG, folder / "x.parquet", table).to_pylist()


amounts = st.decimals(0, 10_000, places=4).map(float)


@st.composite
def commitments(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A plan or a reservation: its fee, what it covers, and perhaps its return within the month."""
    fee, covered, number = draw(amounts), draw(st.lists(amounts, max_size=4)), draw(st.integers(0, 9))
    is_plan = draw(st.booleans())
    mark = {PLAN: f"arn:plan{number}"} if is_plan else {RESERVATION: f"arn:ri{number}"}
    bought = {
        **mark,
        "line_item_product_code": "ComputeSavingsPlans" if is_plan else "AmazonEC2",
        "line_item_resource_id": "",
    }
    kinds = ("SavingsPlanUpfrontFee", "SavingsPlanCoveredUsage") if is_plan else ("Fee", "DiscountedUsage")
    effective = "savings_plan_savings_plan_effective_cost" if is_plan else "reservation_effective_cost"
    lines = [line(cost=fee, line_item_line_item_type=kinds[0], **bought)]
    lines += [line(cost=one, line_item_line_item_type=kinds[1], **mark, **{effective: one / 2}) for one in covered]
    if is_plan:
        lines += [line(cost=-one, line_item_line_item_type="SavingsPlanNegation", **mark) for one in covered]
    if draw(st.booleans()):
        lines.append(line(cost=-fee, line_item_line_item_type="Refund", **bought))
    return lines


@settings(max_examples=40, deadline=None)
@given(st.lists(commitments(), max_size=4), st.lists(amounts, max_size=3))
def test_amortized_cost_is_never_below_credits_and_totals_are_exact(
    bought: list[list[dict[str, Any]]], credit: list[float]
) -> None:
    lines = [one for some in bought for one in some] + [line(cost=-one, line_item_line_item_type="Credit") for one in credit]
    with TemporaryDirectory() as folder:
        rows = amortized_of(lines, Path(folder))
    assert sum(row["value"] for row in rows) == sum(Decimal(repr(one["line_item_unblended_cost"])) for one in lines)
    credited = sum(Decimal(repr(one)) for one in credit)
    assert sum(row["amortized_cost_usd"] for row in rows) >= -credited
    effective = ("savings_plan_savings_plan_effective_cost", "reservation_effective_cost")
    used = sum(Decimal(repr(one[name])) for one in lines for name in effective if name in one)
    assert sum(row["amortized_cost_usd"] for row in rows) == used - credited


def test_rates_round_to_a_trillionth_and_add_up(make_lake: MakeLake) -> None:
    lake = with_rates(with_bills(make_lake(), FOCUS), {("2026-11", "JPY"): Decimal("0.006543210987")})
    costs = ["0.333333333333", "1000000000", "-7.77", "0"]
    rows = [FOCUS_ROW | {"BillingCurrency": "JPY", "BilledCost": cost, "SkuId": cost} for cost in costs]
    put(lake, "bills/azure/a.csv", csv_bytes(*[FOCUS_ROW | {"SkuId": "x"} | row for row in rows]))
    assert run(lake).failures == []
    step = Decimal(1).scaleb(-12)
    assert total(seen(lake)) == sum((Decimal(cost) * Decimal("0.006543210987")).quantize(step) for cost in costs)
