"""Hive types become Arrow types at any depth, and what the lake does not store is refused with the type's own text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lake.arrow_types import arrow_type, leaf_paths
from lake.errors import ConfigurationError


def test_structs_maps_and_arrays_nest_in_each_other() -> None:
    price = pa.struct([("amount", pa.decimal128(18, 8)), ("tiers", pa.list_(pa.struct([("up_to", pa.int64())])))])
    declared = "map<string,struct<amount:decimal(18,8),tiers:array<struct<up_to:bigint>>>>"
    assert arrow_type(declared) == pa.map_(pa.string(), price)
    assert arrow_type("array<map<string,string>>") == pa.list_(pa.map_(pa.string(), pa.string()))


def test_leaves_are_named_as_parquet_names_them() -> None:
    assert list(leaf_paths("prices", arrow_type("map<string,array<struct<a:int,b:string>>>"))) == [
        "prices.key_value.key",
        "prices.key_value.value.list.element.a",
        "prices.key_value.value.list.element.b",
    ]


REFUSED = (
    "text",
    "struct<a>",
    "struct<a:int,a:int>",
    "map<string>",
    "map<array<int>,int>",
    "decimal(39,2)",
    "array<int,int>",
)


@pytest.mark.parametrize("declared", REFUSED)
def test_what_is_not_stored_is_refused_by_its_text(declared: str) -> None:
    with pytest.raises(ConfigurationError, match="is not one that the lake stores; use one of"):
        arrow_type(declared)
