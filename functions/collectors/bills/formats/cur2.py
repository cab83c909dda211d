"""AWS's Cost and Usage Report 2.0: a Data Export of COST_AND_USAGE_REPORT, in Parquet or CSV."""

from __future__ import annotations

from collections.abc import Collection

from collectors.bills import aws_line_items
from collectors.bills.format import BillFormat
from collectors.bills.layouts import DATA_EXPORT
from collectors.bills.snake_case import snake_case


def is_like(columns: Collection[str]) -> bool:
    """CUR 1 in Parquet has most of its columns, and in place of the maps one column a product's property and tag."""
    names = {name.lower() for name in columns}
    is_wide = any(name.startswith(("resource_tags_", "product_product_")) for name in names)
    return aws_line_items.COST in names and not (is_wide and "product" not in names)


FORMAT = BillFormat(
    title="a CUR 2.0 export",
    layout=DATA_EXPORT,
    takes_files=False,
    columns=aws_line_items.COLUMNS,
    cost=aws_line_items.COST,
    currency=aws_line_items.CURRENCY,
    time=aws_line_items.TIME,
    split_mark=aws_line_items.SPLIT_MARK,
    tag_columns=aws_line_items.TAG_COLUMNS,
    own_tag_prefix=aws_line_items.OWN_TAG_PREFIX,
    has_line_ids=True,
    canonical=snake_case,
    is_like=is_like,
    charges_of=aws_line_items.charges_of,
)
