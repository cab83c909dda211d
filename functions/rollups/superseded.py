"""Which publications nobody can read any more: folders of a day beside the one that its partition points at."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Objects = Iterable[tuple[str, datetime]]
"""Keys, each <day's folder>/<publication's folder>/<name>, and when they were last written."""

ABANDONED = timedelta(days=7)
"""Until when a publication that was begun may still be published: a large bill is read over several runs."""

_PUBLICATION = re.compile(r"(?P<day>.+/)(?:publication|version)=[^/]+/")


@dataclass(frozen=True)
class Current:
    """What a day's partition points at, and since when; None where the partition does not say."""

    folder: str
    since: datetime | None = None


@dataclass(frozen=True)
class Unread:
    """A publication that may go: its day's folder, its own, and the keys of its objects."""

    day: str
    folder: str
    keys: tuple[str, ...]


def superseded(objects: Objects, published: Mapping[str, Current], now: datetime, held: timedelta) -> Iterator[Unread]:
    """Publications that were replaced longer ago than readers hold them, and those that were never published.

    published gives, by a day's folder, what is read of it. Objects that lie in no publication's folder are left alone: they
    were appended.
    """
    written: dict[str, datetime] = {}
    keys: dict[str, list[str]] = defaultdict(list)
    for key, at in objects:
        folder = key.rpartition("/")[0] + "/"
        written[folder] = max(at, written.get(folder, at))
        keys[folder].append(key)
    for folder, at in written.items():
        match = _PUBLICATION.fullmatch(folder)
        if match is None:
            continue
        current = published.get(match["day"])
        if current and current.folder == folder:
            continue
        since = (current.since or written.get(current.folder)) if current else None
        is_replaced = since is not None and at <= since
        if (since is not None and since <= now - held) if is_replaced else at <= now - ABANDONED:
            yield Unread(match["day"], folder, tuple(keys[folder]))
