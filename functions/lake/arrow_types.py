"""Hive column types as Arrow types: the one mapping between what sql/ declares and what Parquet files hold."""

import re

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
_MAP = re.compile(r"map<(\w+),\s*(\w+)>")
_ARRAY = re.compile(r"array<(.+)>")


def arrow_type(hive: str) -> pa.DataType:
    """The Arrow type of a Hive column type. Times are UTC milliseconds without a zone, as Athena reads them.

    Raises ConfigurationError for a type that the lake does not use.
    """
    if hive in _SIMPLE:
        return _SIMPLE[hive]
    if match := _DECIMAL.fullmatch(hive):
        return pa.decimal128(int(match[1]), int(match[2]))
    if match := _MAP.fullmatch(hive):
        return pa.map_(arrow_type(match[1]), arrow_type(match[2]))
    if match := _ARRAY.fullmatch(hive):
        return pa.list_(arrow_type(match[1]))
    known = ", ".join([*_SIMPLE, "decimal(p,s)", "map<k,v>", "array<t>"])
    raise ConfigurationError(f"column type {hive!r} is not one that the lake stores; use one of {known}")
