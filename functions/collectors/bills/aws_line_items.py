"""AWS's line items, which CUR 1 and CUR 2.0 share, as charges.

One charge a line item. value is the unblended cost. Amortized cost is what AWS's own queries make of a line:

- DiscountedUsage: reservation_effective_cost; SavingsPlanCoveredUsage: savings_plan_savings_plan_effective_cost
- RIFee: unused amortized upfront fee + unused recurring fee; SavingsPlanRecurringFee: commitment to date less what is used
- SavingsPlanNegation, SavingsPlanUpfrontFee and the upfront Fee of a reservation: 0, as their usage already carries them
- the Refund of such a fee, when a commitment is returned: 0, as the fee is
- every other line: its unblended cost; so a Refund that is a private discount, on covered usage or on a commitment, counts

Where the export lacks the column that a line needs, its amortized cost is null. Net cost is line_item_net_unblended_cost,
and the unblended cost where there is none (an account without private discounts).
Source: AWS Data Exports, table dictionary of COST_AND_USAGE_REPORT; for refunds the queries of AWS's Cloud Intelligence
Dashboards.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.charges import Charges, LineTable, constant, contents, joined_identity
from collectors.bills.format import optional, required
from collectors.bills.tag_columns import TAGS, tag_column
from collectors.bills.values import MONEY, ValueKind

COST = "line_item_unblended_cost"
CURRENCY = "line_item_currency_code"
TIME = "line_item_usage_start_date"
OWN_TAG_PREFIX = "user[:_]"
SPLIT_MARK = "split_line_item_parent_resource_id"
"""Set in the lines by which split cost allocation data shares out another line; those may have no cost of their own."""

COLUMNS = (
    *required(ValueKind.MONEY, COST),
    *required(ValueKind.TEXT, CURRENCY),
    *required(ValueKind.TIME, TIME),
    *optional(ValueKind.TEXT, "identity_line_item_id", "identity_time_interval"),
    *optional(ValueKind.TEXT, "line_item_line_item_type", "line_item_product_code", "line_item_usage_account_id"),
    *optional(ValueKind.TEXT, "line_item_resource_id", "line_item_usage_type", "line_item_operation", "pricing_term"),
    *optional(ValueKind.TEXT, "line_item_line_item_description", "pricing_unit", "product_region_code", "product_region"),
    *optional(ValueKind.TEXT, "bill_billing_entity", "reservation_reservation_a_r_n", "savings_plan_savings_plan_a_r_n"),
    *optional(ValueKind.TEXT, SPLIT_MARK),
    *optional(ValueKind.QUANTITY, "line_item_usage_amount", "split_line_item_split_cost"),
    *optional(ValueKind.MONEY, "line_item_net_unblended_cost", "reservation_effective_cost"),
    *optional(
        ValueKind.MONEY, "reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee"
    ),
    *optional(ValueKind.MONEY, "savings_plan_savings_plan_effective_cost"),
    *optional(ValueKind.MONEY, "savings_plan_total_commitment_to_date", "savings_plan_used_commitment"),
)

TAG_COLUMNS = (
    tag_column("resource_?tags|tags"),
    tag_column(r"resource_?tags[./_](?P<key>.+)"),
    tag_column(r"tags[./](?P<key>.+)"),
    tag_column("account_?tags?", "accountTag"),
    tag_column(r"account_?tags?[./_](?P<key>.+)", "accountTag"),
    tag_column("cost_?category", "costCategory"),
    tag_column(r"cost_?category[./_](?P<key>.+)", "costCategory"),
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
_RETURNED = "refund of a commitment's fee"
_FEE_REFUND = r"(?i)^refund for .*\b(fee|charge)s?\b"
_PRIVATE_DISCOUNT = r"(?i)discount|\bedp\b|\bppa\b|private (rate|pric)"


def charges_of(lines: pa.Table) -> Charges:
    """The charges of a batch of line items that has COLUMNS and TAGS."""
    line = LineTable(lines)
    kind, kinds, product = line["line_item_line_item_type"], _kinds(line), line["line_item_product_code"]
    return Charges(
        identity=_identity(line),
        time=line[TIME],
        account=line["line_item_usage_account_id"],
        region=pc.coalesce(line["product_region_code"], line["product_region"]),
        resource=line["line_item_resource_id"],
        resource_name=pa.nulls(lines.num_rows, pa.string()),
        other_type=pc.binary_join_element_wise(pc.utf8_lower(product), "resource", ":"),
        category=_categories(kinds),
        billed=line[COST],
        amortized=_amortized(line, kinds),
        net=pc.coalesce(line["line_item_net_unblended_cost"], line[COST]),
        provider=pc.coalesce(line["bill_billing_entity"], constant("AWS", kind)),
        service=product,
        usage_type=line["line_item_usage_type"],
        tags=line[TAGS],
        properties={
            "usage_type": line["line_item_usage_type"],
            "operation": line["line_item_operation"],
            "pricing_term": line["pricing_term"],
            "line_item_type": kind,
            "usage_quantity": line["line_item_usage_amount"],
            "pricing_unit": line["pricing_unit"],
            "description": line["line_item_line_item_description"],
            "split_of": line[SPLIT_MARK],
            "split_cost": line["split_line_item_split_cost"],
        },
    )


def _identity(line: LineTable) -> pa.Array:
    """AWS's id of each line and its interval; all that is read of it where the export leaves the id out."""
    ids = line["identity_line_item_id"]
    joined = joined_identity(ids, line["identity_time_interval"])
    return pc.if_else(ids.is_valid(), joined, contents(line.lines)) if ids.null_count else joined


def _kinds(line: LineTable) -> pa.Array:
    """Line item types, with the upfront fees of reservations and the refunds of commitments' fees told from others."""
    kinds = line["line_item_line_item_type"].fill_null("")
    present = set(pc.unique(kinds).to_pylist())
    if "Fee" in present:
        is_upfront = pc.and_(pc.equal(kinds, "Fee"), line["reservation_reservation_a_r_n"].is_valid())
        kinds = pc.if_else(is_upfront, _UPFRONT_RESERVATION, kinds)
    if "Refund" in present:
        kinds = pc.if_else(pc.and_(pc.equal(kinds, "Refund"), _returns_a_commitment(line)), _RETURNED, kinds)
    return kinds


def _returns_a_commitment(line: LineTable) -> pa.Array:
    """Whether a refund undoes the fee of a savings plan or reservation, rather than being a discount paid as a refund.

    AWS words the former "Refund for one-time fee for Savings Plan ID: …", often without the plan's ARN. A refund of covered
    usage names its resource or the product that was used.
    """
    told = line["line_item_line_item_description"].fill_null("")
    plan, reservation = line["savings_plan_savings_plan_a_r_n"], line["reservation_reservation_a_r_n"]
    is_of_plans = pc.ends_with(line["line_item_product_code"].fill_null(""), "SavingsPlans")
    names_usage = pc.and_(line["line_item_resource_id"].is_valid(), pc.not_equal(line["line_item_resource_id"], reservation))
    says_so = pc.match_substring_regex(told, _FEE_REFUND)
    is_reservation = pc.or_(reservation.is_valid(), pc.and_(says_so, pc.match_substring_regex(told, "(?i)reserv")))
    of_reservation = pc.and_(is_reservation, pc.invert(names_usage.fill_null(False)))
    is_named = pc.or_(pc.and_(is_of_plans, pc.or_(plan.is_valid(), says_so)), of_reservation)
    return pc.and_(is_named, pc.invert(pc.match_substring_regex(told, _PRIVATE_DISCOUNT)))


def _categories(kinds: pa.Array) -> pa.Array:
    encoded = kinds.dictionary_encode()
    return pa.array([_category(kind) for kind in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


def _category(kind: str) -> str:
    if kind == _UPFRONT_RESERVATION:
        return "purchase"
    if kind == _RETURNED:
        return "refund"
    return CATEGORIES.get(kind) or ("discount" if kind.endswith("Discount") else "adjustment")


def _amortized(line: LineTable, kinds: pa.Array) -> pa.Array:
    amortized = line[COST]
    for kind in set(pc.unique(kinds).to_pylist()) & _AMORTIZED.keys():
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
    _RETURNED: lambda line: line.zero,
}
"""Amortized cost of the line item types whose unblended cost it is not."""
