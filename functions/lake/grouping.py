"""Whose a resource is: its five groups, from its tags and its account's defaults. Scans and bills both ask here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from lake.configuration import GROUPS

MOST_REMEMBERED = 10_000
_NO_DEFAULTS: Mapping[str, str] = {}

_Candidates = tuple[tuple[int, tuple[str, ...]], ...]
"""Of a set of tag keys: the groups that some of them may name, by their place in GROUPS, and those keys, the strongest
first."""


@lru_cache(MOST_REMEMBERED)
def folded(key: str) -> str:
    """A tag key without case and punctuation: Cost Center and cost_center are costcenter.

    Bills spell the key CostCenter as cost_center, so keys that differ in no more than that must be one key.
    """
    return re.sub(r"[\W_]", "", key.casefold())


class GroupKeys:
    """The tag keys of config/grouping.yaml: each group's, the strongest first.

    A group is the value of the first configured key that has a tag, with case and punctuation folded on both sides; an empty
    value is none. Where several tags fold to one configured key, the one that is spelled like it comes first, then the rest
    in alphabetical order: the order of a source's tags decides nothing.
    """

    def __init__(self, grouping: Mapping[str, Iterable[str]]) -> None:
        self._keys = [tuple(grouping.get(group, ())) for group in GROUPS]
        self._known: dict[tuple[str, ...], _Candidates] = {}

    def groups_of(self, tags: Mapping[str, str | None], defaults: Mapping[str, str] = _NO_DEFAULTS) -> dict[str, str | None]:
        """The groups by name, all of GROUPS: from tags, else the account's default, else None."""
        return dict(zip(GROUPS, self._found(tags, [defaults.get(group) for group in GROUPS]), strict=True))

    def columns_of(
        self, tags: Iterable[Mapping[str, str | None]], defaults: Mapping[str, str] = _NO_DEFAULTS
    ) -> dict[str, Sequence[str | None]]:
        """The same for many resources of one account: each group's values, one a resource."""
        otherwise = [defaults.get(group) for group in GROUPS]
        columns = list(zip(*[self._found(of_one, otherwise) for of_one in tags], strict=True))
        return dict(zip(GROUPS, columns or [()] * len(GROUPS), strict=True))

    def _found(self, tags: Mapping[str, str | None], otherwise: list[str | None]) -> list[str | None]:
        """The groups in the order of GROUPS."""
        # Values differ from resource to resource, sets of keys hardly do: so the keys are matched once for each set.
        names = tuple(tags)
        candidates = self._known.get(names)
        if candidates is None:
            candidates = self._remember(names)
        found = otherwise.copy()
        for place, keys in candidates:
            for key in keys:
                if value := tags[key]:
                    found[place] = value
                    break
        return found

    def _remember(self, names: tuple[str, ...]) -> _Candidates:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        by_folded_key: dict[str, list[str]] = {}
        for name in sorted(names):
            by_folded_key.setdefault(folded(name), []).append(name)
        in_order = [
            [name for key in keys for name in sorted(by_folded_key.get(folded(key), ()), key=lambda name: name != key)]
            for keys in self._keys
        ]
        found = tuple((place, tuple(keys)) for place, keys in enumerate(in_order) if keys)
        self._known[names] = found
        return found
