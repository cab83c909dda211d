"""Tags of charges and the groups that they place a charge in, worked out once for each distinct set of tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.bills.tag_columns import own_tags
from collectors.bills.values import TEXT_MAP
from lake.configuration import GROUPS
from lake.grouping import GroupKeys, folded

MOST_REMEMBERED = 50_000
_MIX = np.uint64(0x9E3779B97F4A7C15)


class TagSet(NamedTuple):
    """One set of tags: as pairs, the Name among them, and the group that each of GROUPS finds (None: no tag places it)."""

    pairs: list[tuple[str, str]]
    name: str | None
    groups: dict[str, str | None]


class ResolvedTags(NamedTuple):
    """The tags of some rows, column by column."""

    tags: pa.Array
    name: pa.Array
    groups: dict[str, pa.Array]


class TagReader:
    """Reads tag columns of one delivery. own_prefix: what the bill puts in front of a customer's own keys; they lose it."""

    def __init__(self, grouping: Mapping[str, tuple[str, ...]], own_prefix: str) -> None:
        self._own_prefix = re.compile(own_prefix)
        self._group_keys = GroupKeys(grouping)
        self._known: dict[object, TagSet] = {}

    def read(self, column: pa.MapArray) -> ResolvedTags:
        """Tags, names and groups of each row."""
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        sets, rows = self._of_maps(column)
        return ResolvedTags(
            pa.array([found.pairs for found in sets], TEXT_MAP).take(rows),
            pa.array([found.name for found in sets], pa.string()).take(rows),
            {group: pa.array([found.groups[group] for found in sets], pa.string()).take(rows) for group in GROUPS},
        )

    def _of_maps(self, column: pa.MapArray) -> tuple[list[TagSet], pa.Array]:
        hashes, first, rows = np.unique(_hashes(column), return_index=True, return_inverse=True)
        keys = hashes.tolist()
        new = [number for number, key in enumerate(keys) if key not in self._known]
        for number, pairs in zip(new, column.take(pa.array(first[new])).to_pylist(), strict=True):
            self._known[keys[number]] = self._tag_set(own_tags(pairs or (), self._cleaned, folded))
        return [self._known[key] for key in keys], pa.array(rows)

    def _tag_set(self, tags: Mapping[str, str | None]) -> TagSet:
        told = {self._cleaned(key): value for key, value in tags.items() if value is not None}
        name = next((told[key] for key in sorted(told) if told[key] and folded(key) == "name"), None)
        return TagSet(list(told.items()), name, self._group_keys.groups_of(told))

    def _cleaned(self, key: str) -> str:
        prefix = self._own_prefix.match(key)
        return key[prefix.end() :] if prefix else key


def _hashes(column: pa.MapArray) -> NDArray[np.uint64]:
    """A 64-bit hash of each map, whatever the order of its keys; 0 for an empty one and for null.

    Each distinct key and value is hashed once; a pair's hash is mixed from both, a map's is the sum of its pairs'.
    """
    offsets = column.offsets.to_numpy()
    keys, values = (_text_hashes(texts) for texts in (column.keys, column.items))
    pairs = (keys * _MIX) ^ values
    pairs = (pairs ^ (pairs >> np.uint64(29))) * _MIX
    pairs ^= pairs >> np.uint64(32)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(pairs, dtype=np.uint64)])
    hashes: NDArray[np.uint64] = sums[offsets[1:]] - sums[offsets[:-1]]
    return hashes


def _text_hashes(texts: pa.Array) -> NDArray[np.uint64]:
    encoded = texts.fill_null("\x00").dictionary_encode()
    hashes = np.array([hash(text) for text in encoded.dictionary.to_pylist()], np.int64).view(np.uint64)
    return hashes[encoded.indices.to_numpy()] if len(hashes) else np.empty(0, np.uint64)
