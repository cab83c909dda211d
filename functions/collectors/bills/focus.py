"""FOCUS 1.0 to 1.2 (the FinOps Open Cost and Usage Specification), of any provider, as charges.

One charge a row. value is BilledCost, amortized is EffectiveCost (BilledCost where it is null), net is BilledCost. FOCUS
has no row id: a charge's identity is all that is read of its row, and rows that are equal in all of it are numbered.
The charge category is FOCUS's own, in lower case. Account is SubAccountId, else BillingAccountId.
Source: https://focus.finops.org, columns of version 1.2.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.charges import Charges, LineTable, joined_identity
from collectors.bills.files import optional, required
from collectors.bills.resources import NO_RESOURCE
from collectors.bills.values import ValueKind

COST = "BilledCost"
CURRENCY = "BillingCurrency"
TAGS = "Tags"
OWN_TAG_PREFIX = "user:"
MAY_REPEAT = True

COLUMNS = (
    *required(ValueKind.MONEY, COST),
    *required(ValueKind.TEXT, CURRENCY, "ChargeCategory", "ProviderName", "ServiceName"),
    *required(ValueKind.TIME, "ChargePeriodStart"),
    *optional(ValueKind.MONEY, "EffectiveCost"),
    *optional(ValueKind.TIME, "ChargePeriodEnd"),
    *optional(ValueKind.TEXT, "BillingAccountId", "SubAccountId", "RegionId", "ResourceId", "ResourceName", "ResourceType"),
    *optional(ValueKind.TEXT, "ChargeClass", "ChargeDescription", "CommitmentDiscountId", "PricingCategory"),
    *optional(ValueKind.TEXT, "SkuId", "SkuMeter", "SkuPriceId", "x_UsageType", "x_Operation"),
    *optional(ValueKind.QUANTITY, "PricingQuantity", "ConsumedQuantity"),
    *optional(ValueKind.TEXT, "PricingUnit"),
    *optional(ValueKind.TAGS, TAGS),
)

CATEGORIES = ("usage", "purchase", "tax", "credit", "adjustment")


def charges_of(lines: pa.Table) -> Charges:
    """The charges of a batch of rows that has COLUMNS."""
    line = LineTable(lines)
    usage_type = pc.coalesce(line["x_UsageType"], line["SkuMeter"], line["SkuId"])
    return Charges(
        identity=_contents(lines),
        time=line["ChargePeriodStart"],
        account=pc.coalesce(line["SubAccountId"], line["BillingAccountId"]),
        region=line["RegionId"],
        resource=line["ResourceId"],
        resource_name=line["ResourceName"],
        other_type=_resource_types(line),
        category=_categories(line["ChargeCategory"]),
        billed=line[COST],
        amortized=pc.coalesce(line["EffectiveCost"], line[COST]),
        net=line[COST],
        provider=line["ProviderName"],
        service=line["ServiceName"],
        usage_type=usage_type,
        tags=line[TAGS],
        properties={
            "usage_type": usage_type,
            "operation": line["x_Operation"],
            "pricing_term": line["PricingCategory"],
            "line_item_type": line["ChargeCategory"],
            "charge_class": line["ChargeClass"],
            "usage_quantity": line["PricingQuantity"],
            "pricing_unit": line["PricingUnit"],
            "description": line["ChargeDescription"],
        },
    )


def _contents(lines: pa.Table) -> pa.Array:
    """Everything that is read of each row, as one text."""
    return joined_identity(*(_as_text(column.combine_chunks()) for column in lines.columns))


def _as_text(values: pa.Array) -> pa.Array:
    if pa.types.is_map(values.type):
        return pa.array([None if pairs is None else repr(sorted(pairs)) for pairs in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _resource_types(line: LineTable) -> pa.Array:
    """The provider and its own word for the kind, such as microsoft:storage account; cost_allocation where there is none."""
    kinds = pc.binary_join_element_wise(line["ProviderName"], line["ResourceType"].fill_null("resource"), ":")
    return pc.if_else(line["ResourceId"].is_null(), NO_RESOURCE, pc.utf8_lower(kinds))


def _categories(found: pa.Array) -> pa.Array:
    names = pc.utf8_lower(found)
    return pc.if_else(pc.is_in(names, pa.array(CATEGORIES)), names, "adjustment")
