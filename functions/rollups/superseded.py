"""Which objects of published partitions nobody can read any more: versions of a day beside the one that is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

Objects = Iterable[tuple[str, datetime]]
"""Keys, each <day's folder>/<version's folder>/<name>, and when they were last written."""


def superseded(objects: Objects, published: Mapping[str, str], replaced_before: datetime) -> Iterator[str]:
    """Keys of versions that were replaced before a time: a later version of the same day is that old.

    published gives the version's folder that a day's folder is read from. A day that it lacks keeps all that it has: what a
    killed reading left is taken up by the next.
    """
    days: dict[str, dict[str, datetime]] = defaultdict(dict)
    keys: dict[str, list[str]] = defaultdict(list)
    for key, written in objects:
        version = key.rpartition("/")[0]
        versions = days[version.rpartition("/")[0] + "/"]
        versions[version + "/"] = max(written, versions.get(version + "/", written))
        keys[version + "/"].append(key)
    for day, current in published.items():
        versions = days.get(day, {})
        for version, written in versions.items():
            others = [later for other, later in versions.items() if other != version]
            if version != current and any(written <= later <= replaced_before for later in others):
                yield from keys[version]
