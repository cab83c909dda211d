"""The values in a bill's columns: exact money, UTC times and text, or one error that says where a value is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import BillError

MONEY = pa.decimal128(28, 12)
MONEY_STEP = Decimal(1).scaleb(-MONEY.scale)
MONEY_LIMIT = Decimal(1).scaleb(MONEY.precision - MONEY.scale)
MOMENT = pa.timestamp("ms")
TEXT_MAP = pa.map_(pa.string(), pa.string())
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2101, 1, 1)  # noqa: DTZ001
_ZONE = r"(Z|[+-]\d\d:?\d\d)$"
_UTC_BY_NAME = r"(?i)\s*(?:Z|UTC|GMT|Etc/UTC|[+-]00)$"
_BEYOND_MICROSECONDS = r"(\.\d{6})\d+"
_TIMES_REMEDY = "use ISO 8601 in UTC, such as 2026-11-20T09:00:00Z, between the years 2000 and 2100"


class ValueKind(Enum):
    """What a column holds. QUANTITY is a number that is kept as text."""

    TEXT = "text"
    MONEY = "a number"
    QUANTITY = "a number or text"
    TIME = "a timestamp or ISO 8601 text"


@dataclass(frozen=True)
class BillPlace:
    """Where something stands in a bill: file is the object's key; rows count from 1, the heading aside."""

    bill: str
    file: str
    first_row: int = 1

    def after(self, rows: int) -> BillPlace:
        """The place so many rows further down."""
        return replace(self, first_row=self.first_row + rows)

    def error(self, column: str | None, problem: str, remedy: str, row: int | None = None) -> BillError:
        """The error of a column (None: of the whole file) and of a row, counted from 0 at this place."""
        where = [f"bill {self.bill}", f"file {self.file}"]
        where += [f"row {self.first_row + row}"] if row is not None else []
        where += [f"column {column}"] if column else []
        return BillError(f"{', '.join(where)}: {problem}; {remedy}")


def stored_as(kind: ValueKind) -> pa.DataType:
    """The Arrow type that converted gives."""
    return {ValueKind.MONEY: MONEY, ValueKind.TIME: MOMENT}.get(kind, pa.string())


def converted(values: pa.Array, name: str, kind: ValueKind, place: BillPlace) -> pa.Array:
    """One column in the type of its kind. Raises BillError for a retyped column or a value that does not fit."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.null_count == len(values):
        return pa.nulls(len(values), stored_as(kind))
    if not _fits(values.type, kind):
        raise place.error(name, f"holds {values.type}", f"it must hold {kind.value}: mend the export's query")
    if kind is ValueKind.MONEY:
        return _money(values, name, place)
    if kind is ValueKind.TIME:
        return _moments(values, name, place)
    return without_blanks(values.cast(pa.string()))


def without_blanks(texts: pa.Array) -> pa.Array:
    """Null for the empty text that bills write where a line has no value."""
    is_blank = pc.equal(texts, "")
    return pc.if_else(is_blank, pa.scalar(None, pa.string()), texts) if pc.any(is_blank).as_py() else texts


def _fits(found: pa.DataType, kind: ValueKind) -> bool:
    """Whether a column may hold a type. Ids are never taken from numbers: those have lost their leading zeros."""
    if pa.types.is_string(found) or pa.types.is_large_string(found):
        return True
    is_number = pa.types.is_floating(found) or pa.types.is_integer(found) or pa.types.is_decimal(found)
    fitting: dict[ValueKind, bool] = {
        ValueKind.TEXT: False,
        ValueKind.MONEY: is_number,
        ValueKind.QUANTITY: is_number,
        ValueKind.TIME: pa.types.is_timestamp(found) or pa.types.is_date(found),
    }
    return fitting[kind]


def _money(values: pa.Array, name: str, place: BillPlace) -> pa.Array:
    """Exact decimals. A double counts as the shortest decimal that names it: 0.1 is 0.1, as the bill's CSV would say.

    What has more than 12 decimals is rounded to a trillionth of a dollar, half to even.
    """
    # Through text, because Arrow's cast from double would give the digits of the binary fraction instead.
    texts = pc.utf8_trim_whitespace(values.cast(pa.string()))
    try:
        return texts.cast(MONEY)
    except pa.ArrowInvalid:
        return pa.array([_rounded(text, row, name, place) for row, text in enumerate(texts.to_pylist())], MONEY)


def _rounded(text: str | None, row: int, name: str, place: BillPlace) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise place.error(name, f"value {text!r} is no number", "use digits and a decimal point", row) from None
    if not number.is_finite() or abs(number) >= MONEY_LIMIT:
        raise place.error(name, f"value {text!r} is no amount", f"use a finite number below {MONEY_LIMIT:.0E}", row)
    return number.quantize(MONEY_STEP, ROUND_HALF_EVEN)


def _moments(values: pa.Array, name: str, place: BillPlace) -> pa.Array:
    convert = _parsed if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) else _shifted
    try:
        moments = convert(values)
    except pa.ArrowInvalid:
        row = _first_failing(values, convert)
        raise place.error(name, f"value {values[row]} is no time", _TIMES_REMEDY, row) from None
    outside = pc.or_(pc.less(moments, pa.scalar(EARLIEST, MOMENT)), pc.greater_equal(moments, pa.scalar(LATEST, MOMENT)))
    if (row := pc.index(outside, True).as_py()) >= 0:
        raise place.error(name, f"value {values[row]} is no time of a bill", _TIMES_REMEDY, row)
    return moments


def _shifted(values: pa.Array) -> pa.Array:
    """Timestamps of any unit, with a zone or (then UTC) without."""
    return values.cast(MOMENT, safe=False)


def _parsed(values: pa.Array) -> pa.Array:
    """Times in text: with an offset, with a name of UTC, as BigQuery has, or without (then UTC); a date is its midnight."""
    texts = pc.replace_substring_regex(pc.utf8_trim_whitespace(values.cast(pa.string())), _UTC_BY_NAME, "Z")
    texts = pc.replace_substring_regex(texts, _BEYOND_MICROSECONDS, r"\1")
    texts = pc.if_else(pc.equal(pc.utf8_length(texts), 10), pc.binary_join_element_wise(texts, "00:00:00", " "), texts)
    zoned = pc.if_else(pc.match_substring_regex(texts, _ZONE), texts, pc.binary_join_element_wise(texts, "Z", ""))
    return zoned.cast(pa.timestamp("us", "UTC")).cast(MOMENT, safe=False)


def _first_failing(values: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> int:
    """Index of the first value that convert refuses, found by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(values.slice(low, middle - low))
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low
