"""AWS's Cost and Usage Report 2.0 (Data Exports, Parquet) as charges.

One charge a line item. value is the unblended cost. Amortized cost is what AWS's own queries make of a line:

- DiscountedUsage: reservation_effective_cost; SavingsPlanCoveredUsage: savings_plan_savings_plan_effective_cost
- RIFee: unused amortized upfront fee + unused recurring fee; SavingsPlanRecurringFee: commitment to date less what is used
- SavingsPlanNegation, SavingsPlanUpfrontFee and the upfront Fee of a reservation: 0, as their usage already carries them
- every other line: its unblended cost

Where the export lacks the column that a line needs, its amortized cost is null. Net cost is line_item_net_unblended_cost,
and the unblended cost where there is none (an account without private discounts).
Source: AWS Data Exports, table dictionary of COST_AND_USAGE_REPORT.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.charges import Charges, LineTable, constant, joined_identity
from collectors.bills.files import optional, required
from collectors.bills.values import MONEY, ValueKind

COST = "line_item_unblended_cost"
CURRENCY = "line_item_currency_code"
TAGS = "resource_tags"
OWN_TAG_PREFIX = "user[:_]"
MAY_REPEAT = False
"""Line items that are equal in all that is kept, id and time interval included, are a file that was delivered twice."""

COLUMNS = (
    *required(ValueKind.TEXT, "identity_line_item_id", "identity_time_interval", CURRENCY),
    *required(ValueKind.TEXT, "line_item_line_item_type", "line_item_product_code", "line_item_usage_account_id"),
    *required(ValueKind.TIME, "line_item_usage_start_date"),
    *required(ValueKind.MONEY, COST),
    *optional(ValueKind.TEXT, "line_item_resource_id", "line_item_usage_type", "line_item_operation", "pricing_term"),
    *optional(ValueKind.TEXT, "line_item_line_item_description", "pricing_unit", "product_region_code"),
    *optional(ValueKind.TEXT, "bill_billing_entity", "reservation_reservation_a_r_n"),
    *optional(ValueKind.QUANTITY, "line_item_usage_amount"),
    *optional(ValueKind.MONEY, "line_item_net_unblended_cost", "reservation_effective_cost"),
    *optional(
        ValueKind.MONEY, "reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee"
    ),
    *optional(ValueKind.MONEY, "savings_plan_savings_plan_effective_cost"),
    *optional(ValueKind.MONEY, "savings_plan_total_commitment_to_date", "savings_plan_used_commitment"),
    *optional(ValueKind.TAGS, TAGS),
)

CATEGORIES = {
    "Usage": "usage",
    "DiscountedUsage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "Fee": "fee",
    "RIFee": "purchase",
    "SavingsPlanRecurringFee": "purchase",
    "SavingsPlanUpfrontFee": "purchase",
    "SavingsPlanNegation": "discount",
    "Tax": "tax",
    "Credit": "credit",
    "Refund": "refund",
}
"""charge_category by line item type. Types that end with Discount are discounts, any other an adjustment."""

_UPFRONT_RESERVATION = "upfront fee of a reservation"


def charges_of(lines: pa.Table) -> Charges:
    """The charges of a batch of line items that has COLUMNS."""
    line = LineTable(lines)
    kind, account = line["line_item_line_item_type"], line["line_item_usage_account_id"]
    product, nothing = line["line_item_product_code"], pa.nulls(lines.num_rows, pa.string())
    return Charges(
        identity=joined_identity(line["identity_line_item_id"], line["identity_time_interval"]),
        time=line["line_item_usage_start_date"],
        account=account,
        region=_without_blanks(line["product_region_code"]),
        resource=line["line_item_resource_id"],
        resource_name=nothing,
        other_type=pc.binary_join_element_wise(pc.utf8_lower(product), "resource", ":"),
        category=_categories(_kinds(line)),
        billed=line[COST],
        amortized=_amortized(line),
        net=pc.coalesce(line["line_item_net_unblended_cost"], line[COST]),
        provider=pc.coalesce(_without_blanks(line["bill_billing_entity"]), constant("AWS", kind)),
        service=product,
        usage_type=_without_blanks(line["line_item_usage_type"]),
        tags=line[TAGS],
        properties={
            "usage_type": _without_blanks(line["line_item_usage_type"]),
            "operation": _without_blanks(line["line_item_operation"]),
            "pricing_term": _without_blanks(line["pricing_term"]),
            "line_item_type": kind,
            "usage_quantity": line["line_item_usage_amount"],
            "pricing_unit": _without_blanks(line["pricing_unit"]),
            "description": _without_blanks(line["line_item_line_item_description"]),
        },
    )


def _kinds(line: LineTable) -> pa.Array:
    """Line item types, with the upfront fees of reservations told from other fees."""
    kind, reservation = line["line_item_line_item_type"], line["reservation_reservation_a_r_n"]
    is_upfront = pc.and_(pc.equal(kind, "Fee"), pc.greater(pc.utf8_length(reservation.fill_null("")), 0))
    return pc.if_else(is_upfront, _UPFRONT_RESERVATION, kind)


def _categories(kinds: pa.Array) -> pa.Array:
    encoded = kinds.dictionary_encode()
    return pa.array([_category(kind) for kind in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


def _category(kind: str) -> str:
    if kind == _UPFRONT_RESERVATION:
        return "purchase"
    return CATEGORIES.get(kind) or ("discount" if kind.endswith("Discount") else "adjustment")


def _amortized(line: LineTable) -> pa.Array:
    kinds, amortized = _kinds(line), line[COST]
    present = set(pc.unique(kinds).to_pylist())
    for kind in present & _AMORTIZED.keys():
        amortized = pc.if_else(pc.equal(kinds, kind), _AMORTIZED[kind](line), amortized)
    return amortized


def _unused_reservation(line: LineTable) -> pa.Array:
    upfront = line["reservation_unused_amortized_upfront_fee_for_billing_period"]
    return pc.add(upfront, line["reservation_unused_recurring_fee"]).cast(MONEY)


def _unused_commitment(line: LineTable) -> pa.Array:
    committed = line["savings_plan_total_commitment_to_date"]
    return pc.subtract(committed, line["savings_plan_used_commitment"]).cast(MONEY)


_AMORTIZED: dict[str, Callable[[LineTable], pa.Array]] = {
    "DiscountedUsage": lambda line: line["reservation_effective_cost"],
    "SavingsPlanCoveredUsage": lambda line: line["savings_plan_savings_plan_effective_cost"],
    "RIFee": _unused_reservation,
    "SavingsPlanRecurringFee": _unused_commitment,
    "SavingsPlanNegation": lambda line: line.zero,
    "SavingsPlanUpfrontFee": lambda line: line.zero,
    _UPFRONT_RESERVATION: lambda line: line.zero,
}
"""Amortized cost of the line item types whose unblended cost it is not."""


def _without_blanks(texts: pa.Array) -> pa.Array:
    """Null for the empty text that exports write where a line has no value."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
