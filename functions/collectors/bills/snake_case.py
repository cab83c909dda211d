"""Column names of AWS's reports in one spelling: lineItem/UnblendedCost is line_item_unblended_cost."""

from __future__ import annotations

import re
from functools import cache

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z])")


@cache
def snake_case(name: str) -> str:
    """The name as AWS's Parquet spells it, from its CSV's spelling or its own in any case."""
    words = name.strip().replace("/", "_")
    return (_WORD.sub("_", words) if re.search("[a-z]", words) else words).lower()
