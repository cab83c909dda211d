"""Bills in other currencies: each amount in USD, by the rate that the user gives for its month; or refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.format import BillFormat
from collectors.bills.values import MONEY, BillPlace

Rates = Mapping[tuple[str, str], Decimal]
"""US dollars for one unit, by month (2026-11) and currency (EUR)."""

_RATE = pa.decimal256(30, 12)
_WIDE = pa.decimal256(38, 12)


def in_usd(lines: pa.Table, read_as: BillFormat, rates: Rates, place: BillPlace) -> tuple[pa.Table, dict[str, pa.Array]]:
    """The lines with every amount in USD, and what the properties of converted ones keep: amount and currency as billed.

    The month is that of the charge's start, UTC. Raises BillError for a currency without a rate in a month.
    """
    currencies = lines.column(read_as.currency).combine_chunks()
    is_other = pc.not_equal(currencies, "USD")
    if not pc.any(is_other).as_py():
        return lines, {}
    months = pc.strftime(lines.column(read_as.time).combine_chunks(), "%Y-%m")
    encoded = pc.binary_join_element_wise(months, currencies, " ").dictionary_encode()
    found = []
    for code, key in enumerate(encoded.dictionary.to_pylist()):
        month, _, currency = key.partition(" ")
        rate = Decimal(1) if currency == "USD" else rates.get((month, currency))
        if rate is None:
            row = encoded.indices.index(code).as_py()
            raise _no_rate(read_as.currency, currency, month, row, place)
        found.append(rate)
    by_row = pa.array(found, _RATE).take(encoded.indices)
    kept = {
        "original_cost": _where(is_other, lines.column(read_as.cost).combine_chunks().cast(pa.string())),
        "original_currency": _where(is_other, currencies),
    }
    for name in read_as.money_columns:
        index = lines.column_names.index(name)
        lines = lines.set_column(index, name, _times(lines.column(name).combine_chunks(), by_row))
    return lines, kept


def _times(amounts: pa.Array, rates: pa.Array) -> pa.Array:
    """Products, rounded to a trillionth of a dollar, half to even."""
    exact = pc.multiply(amounts.cast(_WIDE), rates)
    return pc.round(exact, ndigits=MONEY.scale, round_mode="half_to_even").cast(pa.decimal256(69, MONEY.scale)).cast(MONEY)


def _where(condition: pa.Array, texts: pa.Array) -> pa.Array:
    return pc.if_else(condition, texts, pa.scalar(None, pa.string()))


def _no_rate(column: str, currency: str, month: str, row: int, place: BillPlace) -> Exception:
    remedy = (
        f"have the bill delivered in USD, or add the rate of {month} to config/exchange_rates.csv: {month},{currency},"
        "<US dollars for one unit>"
    )
    return place.error(column, f"value {currency!r} is not USD, and has no exchange rate for {month}", remedy, row)
