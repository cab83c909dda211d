"""Values as Athena writes them: the text in its CSV results and in GetQueryResults.

The input is what Trino's protocol carries: timestamps, dates and decimals are text already.
"""

import base64
import re
from collections.abc import Iterator
from decimal import Decimal

from embedded.engine.trino_types import TrinoType

_CSV_VALUE = re.compile(r'(?:"((?:[^"]|"")*)")?(,|\n)')
_PLAIN_DOUBLES = (1e-3, 1e7)


def athena_text(value: object, kind: TrinoType) -> str | None:
    """One value as text; None for NULL."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if kind.name in ("double", "real"):
        return _double(float(value)) if isinstance(value, int | float) else str(value)
    if kind.name == "varbinary":
        return " ".join(f"{byte:02x}" for byte in base64.b64decode(str(value)))
    if isinstance(value, dict):
        keys, values = kind.inner
        entries = (f"{_key(k, keys)}={_nested(v, values)}" for k, v in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return _sequence(value, kind)
    return str(value)


def _sequence(value: list[object], kind: TrinoType) -> str:
    if kind.name == "row":
        fields = zip(kind.fields, value, kind.inner, strict=True)
        return "{" + ", ".join(f"{name}={_nested(v, inner)}" for name, v, inner in fields) + "}"
    return "[" + ", ".join(_nested(v, kind.inner[0]) for v in value) + "]"


def _nested(value: object, kind: TrinoType) -> str:
    text = athena_text(value, kind)
    return "null" if text is None else text


def _key(key: str, kind: TrinoType) -> str:
    """A map's key: the protocol carries it as text whatever its type is."""
    if kind.name in ("double", "real"):
        return _double(float(key))
    return key


def _double(value: float) -> str:
    """A double as Java's Double.toString writes it: 1.0, 1.0E10, 1.0E-5."""
    plain = repr(value)
    smallest, largest = _PLAIN_DOUBLES
    if value == 0 or smallest <= abs(value) < largest:
        return plain if "." in plain else f"{plain}.0"
    mantissa, exponent = f"{Decimal(plain):E}".split("E")
    digits = mantissa.rstrip("0") if "." in mantissa else mantissa
    digits = digits.rstrip(".")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def csv_line(values: list[str | None]) -> str:
    """One line of a result: every value quoted, NULL as nothing, as Athena does."""
    quoted = ("" if v is None else '"' + v.replace('"', '""') + '"' for v in values)
    return ",".join(quoted) + "\n"


def csv_rows(text: str) -> Iterator[list[str | None]]:
    """Read back what csv_line wrote, NULL told apart from the empty string."""
    row: list[str | None] = []
    for match in _CSV_VALUE.finditer(text):
        quoted, end = match.groups()
        row.append(None if quoted is None else quoted.replace('""', '"'))
        if end == "\n":
            yield row
            row = []
