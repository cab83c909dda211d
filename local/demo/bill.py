"""The demo company's bill: CUR 2.0 line items by billing period, one for each charge and day.

Beside usage it has what makes real bills hard: a savings plan (covered usage, its negation, the recurring fee), so that
unblended and amortized cost differ; tax and support fees, month to date and dated the first; one credit; a private discount,
so that net differs as well. The newest day is partial. Built column-wise: static columns once a charge, then taken a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import fsum
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from local.demo import prices
from local.demo.charges import Charge, charges_of
from local.demo.company import ACCOUNTS, CENTRAL, Company
from local.demo.cur_schema import CUR2_SCHEMA
from local.demo.line_items import Lines, StaticLines
from local.demo.rhythms import NOISE, Rhythms, periods

PRIVATE_DISCOUNT = 0.03
SAVINGS_PLAN = f"arn:aws:savingsplans::{CENTRAL.account_id}:savingsplan/5b1f2c1e-7a54-4f5c-9a55-0d3c2f1e8b77"
COVERED, NEGATION, RECURRING = "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee"
# The savings plan is a little larger than what it covers: its unused part shows in amortized cost.
COMMITMENT_OVER_USE = 1.06
CREDIT_OFFSET = 20
# The central account is the staging account: tests run there day and night, so it knows no weekend.
STAGING_RHYTHM = {"office": "growth", "traffic": "growth", "monthend": "growth"}


class _BillBuilder:
    """Gathers a company's line items. The static lines are numbered as they appear."""

    def __init__(self, company: Company) -> None:
        self._company, self._rhythms = company, Rhythms(company)
        self._random = Random(company.seed)  # noqa: S311
        self._static = StaticLines()
        self._charges = [charge for resource in company.resources for charge in charges_of(resource)]
        self._charge_lines = [self._charge_line(charge) for charge in self._charges]
        hourly = fsum(_effective(c.quantity * c.rate) for c in self._charges if c.covered) / 24
        self._commitment = round(hourly * COMMITMENT_OVER_USE, 2)

    def tables(self) -> Iterator[tuple[date, pa.Table]]:
        """Every billing period's first day with its line items."""
        gathered = [(period, self._period(offsets)) for period, offsets in periods(self._company).items()]
        monthly = {period: self._monthly(period, lines) for period, lines in gathered}
        static = self._static.table()
        for period, lines in gathered:
            yield period, self._table(static, period, lines, monthly[period])

    def _period(self, offsets: list[int]) -> Lines:
        lines = Lines()
        for charge, (line, negation) in zip(self._charges, self._charge_lines, strict=True):
            for offset in offsets:
                if offset >= charge.resource.appeared:
                    self._usage(lines, charge, line, negation, offset)
        plan = {"savings_plan_savings_plan_a_r_n": SAVINGS_PLAN}
        fee = self._static.add(RECURRING, "ComputeSavingsPlans", "ComputeSP:1yrNoUpfront", **plan)
        for offset in offsets:
            total = round(self._commitment * 24 * self._rhythms.factor("steady", offset), 10)
            costs = zip(lines.offset, lines.moving["savings_plan_savings_plan_effective_cost"], strict=True)
            used = round(fsum(cost for day, cost in costs if day == offset and cost), 10)
            commitment = {"savings_plan_total_commitment_to_date": total, "savings_plan_used_commitment": used}
            lines.add(fee, offset, 24.0, total, total, **commitment)
        return lines

    def _usage(self, lines: Lines, charge: Charge, line: int, negation: int, offset: int) -> None:
        staging = charge.resource.account_id == CENTRAL.account_id
        rhythm = STAGING_RHYTHM.get(charge.rhythm, charge.rhythm) if staging else charge.rhythm
        wobble = self._random.uniform(-1, 1) if rhythm in NOISE else 0.0
        quantity = round(charge.quantity * self._rhythms.factor(rhythm, offset, wobble), 10)
        cost = round(quantity * charge.rate, 10)
        if not charge.covered:
            lines.add(line, offset, quantity, cost, round(cost * (1 - PRIVATE_DISCOUNT), 10))
            return
        lines.add(line, offset, quantity, cost, cost, savings_plan_savings_plan_effective_cost=_effective(cost))
        lines.add(negation, offset, quantity, -cost, -cost)

    def _monthly(self, period: date, lines: Lines) -> int:
        """Add tax and support, dated the period's first day on the bill, and the credit; returns its first offset."""
        first, billed = min(lines.offset), self._billed(lines)
        for account_id, usd in billed.items():
            tax = self._static.add("Tax", "AmazonEC2", "Tax", account_id, line_item_tax_type="VAT", period=period)
            lines.add(tax, first, 1.0, *(round(usd * prices.TAX_RATE, 2),) * 2)
        support = round(sum(billed.values()) * prices.SUPPORT_RATE, 2)
        lines.add(self._static.add("Fee", "AWSSupportBusiness", "Dollar", period=period), first, 1.0, support, support)
        if CREDIT_OFFSET in lines.offset:
            credit = self._static.add("Credit", "AmazonEC2", "Credit", period=period)
            lines.add(credit, CREDIT_OFFSET, 1.0, -prices.CREDIT_USD, -prices.CREDIT_USD)
        return first

    def _billed(self, lines: Lines) -> dict[str, float]:
        """What each account was billed by the lines so far, in USD."""
        billed = {account.account_id: 0.0 for account in ACCOUNTS}
        for line, cost in zip(lines.line, lines.moving["line_item_unblended_cost"], strict=True):
            billed[self._static.account_of(line)] += cost or 0.0
        return billed

    def _charge_line(self, charge: Charge) -> tuple[int, int]:
        """Numbers of a charge's static line and of its savings plan negation (the line itself where nothing covers it)."""
        resource = charge.resource
        common = {
            "line_item_resource_id": resource.billed_as,
            "line_item_operation": charge.operation,
            "line_item_line_item_description": charge.description,
            "line_item_unblended_rate": f"{charge.rate:.10f}",
            "pricing_unit": charge.unit,
            "pricing_term": "OnDemand",
            "product_region_code": resource.region,
            "product": [("product_name", charge.product), ("region", resource.region)],
            "resource_tags": [(f"user_{key.lower()}", value) for key, value in resource.tags.items()],
        }
        identity = (charge.product, charge.usage_type, resource.account_id)
        if not charge.covered:
            line = self._static.add("Usage", *identity, **common)
            return line, line
        common["savings_plan_savings_plan_a_r_n"] = SAVINGS_PLAN
        return self._static.add(COVERED, *identity, **common), self._static.add(NEGATION, *identity, **common)

    def _table(self, static: pa.Table, period: date, lines: Lines, first: int) -> pa.Table:
        """The period's line items as Arrow, in CUR 2.0's schema, ordered by day."""
        table = static.take(pa.array(lines.line, pa.int32()))
        days = [self._company.first_day + timedelta(days=offset) for offset in range(first, max(lines.offset) + 1)]
        slots = pc.subtract(pa.array(lines.offset, pa.int32()), first)
        following = _next_month(period)
        whole = {"bill_billing_period_start_date": period, "bill_billing_period_end_date": following}
        moved = {name: pa.array(values, pa.float64()) for name, values in lines.moving.items()}
        moved["line_item_usage_start_date"] = _timestamps(days).take(slots)
        moved["line_item_usage_end_date"] = _timestamps([day + timedelta(days=1) for day in days]).take(slots)
        intervals = [f"{day}T00:00:00Z/{day + timedelta(days=1)}T00:00:00Z" for day in days]
        moved["identity_time_interval"] = pa.array(intervals).take(slots)
        moved |= {name: pa.repeat(_timestamps([day])[0], len(table)) for name, day in whole.items()}
        moved["pricing_public_on_demand_cost"] = moved["line_item_unblended_cost"]
        moved["line_item_blended_cost"] = moved["line_item_unblended_cost"]
        columns = [moved.get(f.name, table[f.name] if f.name in table.column_names else None) for f in CUR2_SCHEMA]
        return pa.Table.from_arrays(columns, schema=CUR2_SCHEMA).sort_by("line_item_usage_start_date")


def build_bill(company: Company) -> dict[date, pa.Table]:
    """The company's line items in the schema of CUR 2.0, by the first day of their billing period."""
    return dict(_BillBuilder(company).tables())


def total_usd(tables: dict[date, pa.Table], column: str = "line_item_unblended_cost") -> Decimal:
    """Exact sum of a cost column: every double counts as the shortest decimal that names it."""
    return sum((Decimal(repr(v)) for t in tables.values() for v in t[column].to_pylist() if v is not None), Decimal(0))


def _effective(cost: float) -> float:
    return round(cost * prices.SAVINGS_PLAN_RATE, 10)


def _timestamps(days: list[date]) -> pa.Array:
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC).replace(tzinfo=None) for day in days]
    return pa.array(moments, pa.timestamp("ms"))


def _next_month(period: date) -> date:
    return (period + timedelta(days=32)).replace(day=1)
