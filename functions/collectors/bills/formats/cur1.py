"""AWS's legacy Cost and Usage Report (CUR 1): CSV (gzip, zip) or Parquet, with the manifests of its own kind.

Its CSV calls a column lineItem/UnblendedCost, its Parquet line_item_unblended_cost; tags are one column a key.
Source: AWS Cost and Usage Reports, "Data dictionary" and "Report versioning".
"""

from __future__ import annotations

from collections.abc import Collection

from collectors.bills import aws_line_items
from collectors.bills.format import BillFormat
from collectors.bills.formats.cur2 import is_like as is_like_cur2
from collectors.bills.layouts import LEGACY_REPORT
from collectors.bills.snake_case import snake_case


def is_like(columns: Collection[str]) -> bool:
    """Names with a slash are its CSV's own."""
    names = {snake_case(name) for name in columns}
    is_csv = any(name.startswith(("lineItem/", "identity/", "bill/")) for name in columns)
    return is_csv or (aws_line_items.COST in names and not is_like_cur2(columns))


FORMAT = BillFormat(
    title="a legacy CUR 1 report",
    layout=LEGACY_REPORT,
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
