"""Which days of a rollup must be built again: those whose sources, or whose own SQL, changed since they were published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lake.relations import ReadDays, Rollup
from lake.times import days_between

MOST_DAYS_A_QUERY = 90
"""Athena's UNLOAD writes at most 100 partitions."""


@dataclass(frozen=True)
class Version:
    """What a day of a relation was made from, the day on which its objects were written, and what it holds.

    content is a checksum of the rows where a rollup built them. Readers compare that: a day that was built anew and came out
    the same changes nothing for them.
    """

    made_from: str
    written: date
    content: str


Versions = Mapping[date, Version]
"""The days of a relation that have a partition."""

_NONE = Version("", date.min, "")


@dataclass(frozen=True)
class Sources:
    """The versions of everything that a rollup reads, but for itself.

    days gives a dated source's versions; whole gives the version of a relation that is read whole. kept_since has the dated
    sources that expire: what was written before that day may be gone.
    """

    days: Mapping[ReadDays, Versions]
    whole: Mapping[ReadDays, str]
    kept_since: Mapping[ReadDays, date]


def fingerprint(rollup: Rollup, day: date, sources: Sources, own: Versions) -> str:
    """What a day's partition is made from: the rollup's text, that of its views, and the versions of all that it reads."""
    parts = [rollup.sql, *rollup.view_sql, repr(rollup.checks)]
    for read in rollup.reads:
        if read.as_built:
            continue
        if read.first is None or read.last is None:
            parts.append(f"{read.relation}={sources.whole[read]}")
            continue
        versions = own if read.relation == rollup.full_name else sources.days[read]
        parts.append(str(read))
        parts += [versions.get(at, _NONE).content for at in days_read(read, day)]
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()


def stands(day: date, sources: Sources) -> bool:
    """Whether a published day is left as it is, whatever changed: some of what it was made from may have expired.

    Objects expire by when they were written, a rollup's with its newest build, which may be years after the day: a bill of
    long ago that is delivered late, or restated, still reaches what is made from it.
    """
    return any(
        _written(sources.days[read], at) < kept_since
        for read, kept_since in sources.kept_since.items()
        for at in days_read(read, day)
    )


def _written(versions: Versions, day: date) -> date:
    """When a day's objects were written; the day itself where there is no partition (any more)."""
    return versions[day].written if day in versions else day


def days_read(read: ReadDays, day: date) -> list[date]:
    """The days of a dated source that are read for a day."""
    if read.first is None or read.last is None:
        return []
    return [day + timedelta(days=offset) for offset in range(read.first, read.last + 1)]


def candidate_days(rollup: Rollup, sources: Sources, own: Versions) -> list[date]:
    """The days that the rollup should have, in order.

    A day has a partition where the first source that is read for the day itself has one. A published day whose source lost
    its partition is built again (and comes out empty), unless the source begins later. A rollup that reads its own day
    before has no gaps.
    """
    reads = (read for read in sources.days if not read.as_built and read.first is not None and read.first <= 0)
    driver = next(reads, None)
    driving = set(sources.days[driver]) if driver else set()
    if not driving:
        return []
    if rollup.reads_itself:
        return days_between(min(driving), max(driving))
    return sorted(driving | {day for day in own if day >= min(driving)})


def stale_ranges(
    days: Iterable[date], is_stale: Callable[[date], bool], most_days: int = MOST_DAYS_A_QUERY
) -> list[tuple[date, date]]:
    """Runs of consecutive stale days, each short enough for one query."""
    ranges: list[tuple[date, date]] = []
    for day in filter(is_stale, days):
        if ranges and day - ranges[-1][1] == timedelta(days=1) and (day - ranges[-1][0]).days < most_days:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
