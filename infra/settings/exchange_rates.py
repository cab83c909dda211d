"""config/exchange_rates.csv: US dollars for one unit of a currency, month by month, for bills in other currencies.

The file may be left out. Its columns are month (2026-11), currency (ISO 4217, such as EUR) and usd_per_unit.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from infra.settings.yaml_files import shown
from lake.errors import ConfigurationError

FILE = "exchange_rates.csv"
COLUMNS = ["month", "currency", "usd_per_unit"]
_MOST = Decimal(1_000_000)


@dataclass(frozen=True)
class ExchangeRate:
    """One row; usd_per_unit is the decimal number as it stands in the file."""

    month: str
    currency: str
    usd_per_unit: str


def read_exchange_rates(folder: Path) -> tuple[ExchangeRate, ...]:
    """Every rate of the file, none where there is no file. Raises ConfigurationError naming line, column and remedy."""
    path, file = folder / FILE, shown(folder, FILE)
    if not path.exists():
        return ()
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: is no UTF-8; save it so") from None
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(lines, 1) if any(map(str.strip, row))]
    rows = [(number, row) for number, row in rows if not row[0].startswith("#")]
    if not rows or rows[0][1] != COLUMNS:
        raise ConfigurationError(f"{file}: its first line must be {','.join(COLUMNS)}")
    seen: dict[tuple[str, str], int] = {}
    return tuple(_rate(f"{file}, line {number}", row, number, seen) for number, row in rows[1:])


def _rate(where: str, row: Sequence[str], number: int, seen: dict[tuple[str, str], int]) -> ExchangeRate:
    if len(row) != len(COLUMNS):
        raise ConfigurationError(f"{where}: has {len(row)} values; give {', '.join(COLUMNS)}")
    month, currency, rate = row
    _check(where, "month", month, r"20\d\d-(0[1-9]|1[0-2])", "give year and month, such as 2026-11")
    _check(where, "currency", currency, r"[A-Z]{3}", "give three capital letters, such as EUR")
    if currency == "USD":
        raise ConfigurationError(f"{where}: currency is 'USD'; dollars need no rate: remove the line")
    if not 0 < _number(rate) <= _MOST or _number(rate) != round(_number(rate), 12):
        remedy = f"give the US dollars for one unit, such as 1.0835, with at most 12 decimals, up to {_MOST}"
        raise ConfigurationError(f"{where}: usd_per_unit is {rate!r}; {remedy}")
    if (month, currency) in seen:
        raise ConfigurationError(f"{where}: {currency} of {month} stands in line {seen[month, currency]}, too; keep one")
    seen[month, currency] = number
    return ExchangeRate(month, currency, str(_number(rate)))


def _check(where: str, field: str, value: str, pattern: str, remedy: str) -> None:
    if not re.fullmatch(pattern, value):
        raise ConfigurationError(f"{where}: {field} is {value!r}; {remedy}")


def _number(text: str) -> Decimal:
    """The number; 0, which is no rate, for a text that is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
