"""Hive column types as Arrow types: the one mapping between what sql/ declares and what Parquet files hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from lake.errors import ConfigurationError

_SIMPLE = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_NESTED = re.compile(r"(map|array|struct)<(.+)>")
_FIELD = re.compile(r"(\w+)\s*:\s*(.+)")
_KNOWN = ", ".join([*_SIMPLE, "decimal(p,s)", "map<k,v>", "array<t>", "struct<name:t,...>"])
_MOST_DIGITS = 38


def arrow_type(hive: str) -> pa.DataType:
    """The Arrow type of a Hive column type, however deeply nested. Times are UTC milliseconds without a zone, as Athena's.

    Raises ConfigurationError for a type that the lake does not use.
    """
    if hive in _SIMPLE:
        return _SIMPLE[hive]
    if match := _DECIMAL.fullmatch(hive):
        precision, scale = int(match[1]), int(match[2])
        if scale <= precision and 1 <= precision <= _MOST_DIGITS:
            return pa.decimal128(precision, scale)
    elif match := _NESTED.fullmatch(hive):
        parts = _parts(match[2])
        if match[1] == "array" and len(parts) == 1:
            return pa.list_(arrow_type(parts[0]))
        if match[1] == "map" and len(parts) == 2 and (parts[0] in _SIMPLE or _DECIMAL.fullmatch(parts[0])):
            return pa.map_(arrow_type(parts[0]), arrow_type(parts[1]))
        fields = [_FIELD.fullmatch(part) for part in parts]
        names = [field[1] for field in fields if field]
        if match[1] == "struct" and len(set(names)) == len(parts):
            return pa.struct([(field[1], arrow_type(field[2])) for field in fields if field])
    raise ConfigurationError(f"column type {hive!r} is not one that the lake stores; use one of {_KNOWN}")


def leaf_paths(name: str, kind: pa.DataType) -> Iterator[str]:
    """Paths of the Parquet columns that a column of this type is stored as."""
    if pa.types.is_map(kind):
        yield from leaf_paths(f"{name}.key_value.key", kind.key_type)
        yield from leaf_paths(f"{name}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind):
        yield from leaf_paths(f"{name}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from leaf_paths(f"{name}.{field.name}", field.type)
    else:
        yield name


def _parts(text: str) -> list[str]:
    """Split at the commas that stand within no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
