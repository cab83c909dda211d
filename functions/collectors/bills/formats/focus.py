"""FOCUS 1.0 to 1.4 (the FinOps Open Cost and Usage Specification), of any provider, as charges.

One charge a row. value is BilledCost, amortized is EffectiveCost (BilledCost where it is null), net is BilledCost. FOCUS
has no row id: a charge's identity is all that is read of its row, and rows that are equal in all of it are numbered.
Column names count in any case, with or without underscores. The provider is ProviderName, which FOCUS 1.3 renamed to
ServiceProviderName; else the host, publisher or issuer of the invoice.
The charge category is FOCUS's own, in lower case. Account is SubAccountId, else BillingAccountId.
Source: https://focus.finops.org, columns of versions 1.0 to 1.4.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.charges import Charges, LineTable, contents
from collectors.bills.format import BillFormat, optional, required
from collectors.bills.layouts import DATA_EXPORT
from collectors.bills.resources import NO_RESOURCE
from collectors.bills.tag_columns import TAGS, tag_column
from collectors.bills.values import ValueKind

COST, CURRENCY, TIME = "BilledCost", "BillingCurrency", "ChargePeriodStart"

COLUMNS = (
    *required(ValueKind.MONEY, COST),
    *required(ValueKind.TEXT, CURRENCY),
    *required(ValueKind.TIME, TIME),
    *optional(ValueKind.TEXT, "ChargeCategory", "ServiceName", "ProviderName", "ServiceProviderName", "HostProviderName"),
    *optional(ValueKind.TEXT, "PublisherName", "InvoiceIssuerName", "InvoiceId"),
    *optional(ValueKind.MONEY, "EffectiveCost"),
    *optional(ValueKind.TIME, "ChargePeriodEnd"),
    *optional(ValueKind.TEXT, "BillingAccountId", "SubAccountId", "RegionId", "ResourceId", "ResourceName", "ResourceType"),
    *optional(ValueKind.TEXT, "ChargeClass", "ChargeDescription", "CommitmentDiscountId", "PricingCategory"),
    *optional(ValueKind.TEXT, "SkuId", "SkuMeter", "SkuPriceId", "x_UsageType", "x_Operation"),
    *optional(ValueKind.QUANTITY, "PricingQuantity", "ConsumedQuantity"),
    *optional(ValueKind.TEXT, "PricingUnit"),
)
TAG_COLUMNS = (
    tag_column("tags|x_tags|labels|x_labels|x_resourcetags"),
    tag_column(r"(?:tags|x_tags|labels|x_labels)[./](?P<key>.+)"),
    tag_column("x_accounttags?|x_projectlabels", "accountTag"),
    tag_column("x_costcategor(?:y|ies)", "costCategory"),
)
_SUBJECT = [column.name for column in COLUMNS if column.kind in (ValueKind.TEXT, ValueKind.TIME)]
_SPELLINGS = {re.sub("[_ ]", "", column.name).lower(): column.name for column in COLUMNS}

CATEGORIES = ("usage", "purchase", "tax", "credit", "adjustment")


def charges_of(lines: pa.Table) -> Charges:
    """The charges of a batch of rows that has COLUMNS."""
    line = LineTable(lines)
    usage_type = pc.coalesce(line["x_UsageType"], line["SkuMeter"], line["SkuId"])
    return Charges(
        identity=contents(lines),
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
        provider=_providers(line),
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
        subject=contents(lines.select(_SUBJECT)),
    )


def canonical(name: str) -> str:
    """The specification's spelling of a column that is read; the name itself for any other."""
    return _SPELLINGS.get(re.sub("[_ ]", "", name.strip()).lower(), name)


def is_like(columns: Collection[str]) -> bool:
    """Whether the column that only FOCUS has is there."""
    return any(canonical(name) == COST for name in columns)


def _providers(line: LineTable) -> pa.Array:
    """Who provides the service, by the first column that says so."""
    named = ("ProviderName", "ServiceProviderName", "HostProviderName", "PublisherName", "InvoiceIssuerName")
    return pc.coalesce(*(line[name] for name in named))


def _resource_types(line: LineTable) -> pa.Array:
    """The provider and its own word for the kind, such as microsoft:storage account; cost_allocation where there is none."""
    kinds = pc.binary_join_element_wise(
        _providers(line).fill_null("unknown"), line["ResourceType"].fill_null("resource"), ":"
    )
    return pc.if_else(line["ResourceId"].is_null(), NO_RESOURCE, pc.utf8_lower(kinds))


def _categories(found: pa.Array) -> pa.Array:
    names = pc.utf8_lower(found)
    return pc.if_else(pc.is_in(names, pa.array(CATEGORIES)), names, "adjustment")


FORMAT = BillFormat(
    title="a FOCUS bill",
    layout=DATA_EXPORT,
    takes_files=True,
    columns=COLUMNS,
    cost=COST,
    currency=CURRENCY,
    time=TIME,
    tag_columns=TAG_COLUMNS,
    own_tag_prefix="user:",
    has_line_ids=False,
    canonical=canonical,
    is_like=is_like,
    charges_of=charges_of,
)
