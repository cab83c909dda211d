"""Which days of a rollup must be built again: those whose sources, or whose own SQL, changed since they were published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lake.catalog import Read, Rollup
from lake.slots import days_between

Versions = Mapping[date, str]
"""What each day of a relation was made from; a day that is missing has no partition."""

MOST_DAYS_A_QUERY = 90
"""Athena's UNLOAD writes at most 100 partitions."""


@dataclass(frozen=True)
class Sources:
    """The versions of everything that a rollup reads.

    days gives a dated source's versions; whole gives the version of a relation that is read whole.
    """

    days: Mapping[Read, Versions]
    whole: Mapping[Read, str]


def fingerprint(rollup: Rollup, day: date, sources: Sources, own: Versions) -> str:
    """What a day's partition is made from: the rollup's text and the versions of all that it reads for that day."""
    parts = [rollup.sql, repr(rollup.checks)]
    for read in rollup.reads:
        if read.as_built:
            continue
        if read.first is None or read.last is None:
            parts.append(f"{read.relation}={sources.whole[read]}")
            continue
        versions = own if read.relation == rollup.name else sources.days[read]
        parts.append(str(read))
        parts += [versions.get(day + timedelta(days=offset), "") for offset in range(read.first, read.last + 1)]
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()


def candidate_days(rollup: Rollup, sources: Sources, own: Versions) -> list[date]:
    """The days that the rollup should have, in order.

    A day has a partition where a source that is read for the day itself has one. A published day whose source lost its
    partition is built again (and comes out empty), unless the source has aged out: then it stands. A rollup that reads its
    own day before has no gaps.
    """
    driving = [
        versions
        for read, versions in sources.days.items()
        if read.relation != rollup.name and not read.as_built and read.first is not None and read.first <= 0
    ]
    first_driver = set(driving[0]) if driving else set()
    if not first_driver:
        return []
    if rollup.reads_itself:
        return days_between(min(first_driver), max(first_driver))
    return sorted(first_driver | {day for day in own if day >= min(first_driver)})


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
