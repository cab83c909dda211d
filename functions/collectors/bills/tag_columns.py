"""Tags from every column of a bill that carries some: maps, JSON, lists of key and value, and columns of one key each.

A tag that is not the resource's own keeps its origin before its key: accountTag/team, costCategory/Product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.values import TEXT_MAP, BillPlace
from lake.text import encodable

TAGS = "tags"
"""The column of a batch of lines that holds all tags."""

_ORIGIN = re.compile(
    r"(?P<origin>resourceTags?|accountTags?|costCategory|iamPrincipal|userAttributes?)/(?P<key>.+)", re.I | re.S
)
_OWN_ORIGINS = ("resourcetag", "resourcetags")


@dataclass(frozen=True)
class TagColumn:
    """Columns that carry tags, by their own name in the file; a group `key` in it is the key of a column of one tag.

    origin is where the tags come from; "" for the resource's own.
    """

    pattern: re.Pattern[str]
    origin: str = ""


def tag_column(pattern: str, origin: str = "") -> TagColumn:
    """Columns whose whole name matches a pattern, in any case."""
    return TagColumn(re.compile(pattern, re.I | re.S), origin)


def gathered(batch: pa.RecordBatch, found: Mapping[str, TagColumn], place: BillPlace) -> pa.MapArray:
    """The tags of each row, from all columns that carry some (by their name in the file), as one map."""
    maps = []
    for name, column in found.items():
        match, values = column.pattern.fullmatch(name.strip()), batch.column(name)
        if values.null_count == len(values) or match is None:
            continue
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        key = match.groupdict().get("key")
        maps.append(_of_one_key(values, key, column.origin) if key else _as_map(values, name, column.origin, place))
    return _merged([one for one in maps if len(one.keys)], batch.num_rows)


def tags_in(text: str) -> dict[str, str | None] | None:
    """The tags of a JSON object, of a list of {"key": …, "value": …}, or of an object that lacks its braces; else None.

    Values that are no text are kept as JSON.
    """
    found = _loaded(text)
    if isinstance(found, list):
        if not all(isinstance(pair, dict) and isinstance(pair.get("key"), str) for pair in found):
            return None
        found = {pair["key"]: pair.get("value") for pair in found}
    if not isinstance(found, dict):
        return None
    return {
        encodable(key): None if value is None else encodable(value if isinstance(value, str) else json.dumps(value))
        for key, value in found.items()
    }


def own_tags(
    pairs: Iterable[tuple[str, str | None]], cleaned: Callable[[str], str], folded: Callable[[str], str]
) -> dict[str, str | None]:
    """Tags by key. The resource's own come first; one of another origin has its plain key only where they lack it."""
    own: dict[str, str | None] = {}
    borrowed = []
    for key, value in pairs:
        match = _ORIGIN.fullmatch(key)
        if match and match["origin"].lower() not in _OWN_ORIGINS:
            borrowed.append((match["key"], key, value))
        else:
            own[match["key"] if match else key] = value
    taken = {folded(cleaned(key)) for key, value in own.items() if value}
    for plain, full, value in borrowed:
        is_free = folded(cleaned(plain)) not in taken
        own[plain if is_free else full] = value
        taken.add(folded(cleaned(plain)))
    return own


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(f"{{{text}}}")  # as Azure's older exports write it: "env": "prod","team": "a"
    except ValueError:
        return None


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _as_map(values: pa.Array, name: str, origin: str, place: BillPlace) -> pa.MapArray:
    """A column of tags as maps, with the origin before each key."""
    if pa.types.is_map(values.type):
        maps = values.cast(TEXT_MAP)
    elif is_pairs(values.type):
        maps = _of_pairs(values)
    elif pa.types.is_struct(values.type):
        fields = [values.type.field(index).name for index in range(values.type.num_fields)]
        maps = _merged([_of_one_key(pc.struct_field(values, key), key, "") for key in fields], len(values))
    elif _is_text(values.type):
        maps = _of_json(values.cast(pa.string()), name, place)
    else:
        raise place.error(
            name, f"holds {values.type}", "it must hold map<string,string>, a struct, a list of key and value, or JSON"
        )
    if not origin:
        return maps
    keys = pc.binary_join_element_wise(pa.scalar(origin), maps.keys, "/")
    return pa.MapArray.from_arrays(maps.offsets, keys, maps.items)


def is_pairs(kind: pa.DataType) -> bool:
    """Whether a type is a list of key and value, as BigQuery exports tags."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return False
    names = [kind.value_type.field(index).name for index in range(kind.value_type.num_fields)]
    return "key" in names and "value" in names


def _of_pairs(values: pa.Array) -> pa.MapArray:
    values = values.cast(pa.list_(values.type.value_type))
    pairs = values.values
    keys = pairs.field("key").cast(pa.string()).fill_null("")
    return pa.MapArray.from_arrays(values.offsets, keys, pairs.field("value").cast(pa.string()))


def _of_json(values: pa.Array, name: str, place: BillPlace) -> pa.MapArray:
    encoded = values.fill_null("{}").dictionary_encode()
    maps = []
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        tags = tags_in(text)
        if tags is None:
            row = encoded.indices.index(code).as_py()
            raise place.error(name, f"value {text[:80]!r} is no JSON object", 'use {"key": "value"}', row)
        maps.append(list(tags.items()))
    return pa.array(maps, TEXT_MAP).take(encoded.indices)


def _of_one_key(values: pa.Array, key: str, origin: str) -> pa.MapArray:
    """Maps of one key: where a row has a value."""
    texts = values.cast(pa.string())
    is_there = pc.and_(texts.is_valid(), pc.not_equal(texts.fill_null(""), ""))
    offsets = np.concatenate([[0], np.cumsum(is_there.to_numpy(zero_copy_only=False))]).astype(np.int32)
    kept = texts.filter(is_there)
    name = f"{origin}/{key}" if origin else key
    return pa.MapArray.from_arrays(pa.array(offsets), pa.repeat(pa.scalar(name), len(kept)), kept)


def _merged(maps: Sequence[pa.MapArray], rows: int) -> pa.Array:
    """Maps with the pairs of each, row by row, in their order."""
    if not maps:
        return pa.array([[]], TEXT_MAP).take(pa.array(np.zeros(rows, np.int32)))
    if len(maps) == 1:
        return maps[0]
    counts, at, keys, items = np.zeros(rows, np.int64), [], [], []
    for one in maps:
        offsets = one.offsets.to_numpy()
        held = np.diff(offsets)
        counts += held
        at.append(np.repeat(np.arange(rows), held))
        first, length = int(offsets[0]), int(offsets[-1] - offsets[0])
        keys.append(one.keys.slice(first, length))
        items.append(one.items.slice(first, length))
    order = pa.array(np.argsort(np.concatenate(at), kind="stable"))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.MapArray.from_arrays(
        pa.array(offsets), pa.concat_arrays(keys).take(order), pa.concat_arrays(items).take(order)
    )
