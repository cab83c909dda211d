"""Text as a value of a column's declared type: reference data is checked with it at synth, and written with it later."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DOUBLE = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?", re.ASCII)


def value_of(text: str, kind: str) -> Any:
    """The value that text stands for in a column of this Hive type; money is Decimal, a timestamp is UTC without a zone.

    Raises ValueError, with what may stand there, where text is no value of the type, would lose digits, or where no text
    stands for a value of the type (arrays, maps, structs).
    """
    if kind in _READERS:
        return _READERS[kind](text)
    if match := _DECIMAL.fullmatch(kind):
        return _decimal(text, int(match[1]), int(match[2]))
    raise ValueError(f"no text stands for a {kind}; only columns of type {', '.join(_READERS)} and decimal(p,s) can be read")


def _whole(bits: int) -> Callable[[str], int]:
    bound = 1 << (bits - 1)

    def read(text: str) -> int:
        # A longer text is out of range; int() would refuse to read thousands of digits with an error of its own.
        if not _WHOLE.fullmatch(text) or len(text) > 40 or not -bound <= int(text) < bound:
            raise ValueError(f"write a whole number, {-bound} to {bound - 1}")
        return int(text)

    return read


def _double(text: str) -> float:
    value = float(text) if _DOUBLE.fullmatch(text) else float("inf")
    if abs(value) == float("inf"):
        raise ValueError("write a number such as 0.25 or 1.5e9")
    return value


def _decimal(text: str, precision: int, scale: int) -> Decimal:
    whole, _, fraction = text.lstrip("-").partition(".")
    if not _NUMBER.fullmatch(text) or len(fraction) > scale or len(whole.lstrip("0")) > precision - scale:
        raise ValueError(
            f"write a number with at most {precision - scale} digits before the point and {scale} after it, "
            "without an exponent"
        )
    return Decimal(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("write true or false")
    return text == "true"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError("write a day such as 2026-11-20") from None


def _timestamp(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text if _TIMESTAMP.fullmatch(text) else "")
    except ValueError:
        raise ValueError("write a time in UTC such as 2026-11-20 09:00:00 or 2026-11-20 09:00:00.250") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "int": _whole(32),
    "bigint": _whole(64),
    "double": _double,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
