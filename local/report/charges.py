"""What Athena would have charged for the queries of a run.

Athena bills the bytes that a query scans, at least 10 MB each; failed statements and DDL are free.
Source: Amazon Athena pricing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

USD_PER_TB = Decimal(5)
BYTES_PER_TB = 10**12
MINIMUM_BYTES = 10 * 1024**2


@dataclass(frozen=True)
class QueryCost:
    """One query: how many bytes it scanned; billed is False for DDL and for what failed."""

    scanned_bytes: int
    billed: bool = True


def charge_usd(queries: Iterable[QueryCost]) -> Decimal:
    """The charge for queries, in USD, unrounded."""
    billed = sum(max(query.scanned_bytes, MINIMUM_BYTES) for query in queries if query.billed)
    return USD_PER_TB * billed / BYTES_PER_TB


def scanned_bytes(queries: Iterable[QueryCost]) -> int:
    """Bytes that all queries scanned."""
    return sum(query.scanned_bytes for query in queries)
