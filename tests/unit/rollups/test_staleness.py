"""What is stale, by fingerprints alone: and what stands although it differs, since what it was made from has expired."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lake.relations import ReadDays, Rollup
from rollups.staleness import Sources, Version, candidate_days, stands
from tests.support.catalog import CATALOG

TODAY = date(2026, 11, 20)
KEPT_SINCE = TODAY - timedelta(days=358)
LONG_AGO = TODAY - timedelta(days=700)


def rollup(*reads: ReadDays) -> Rollup:
    return Rollup("outlay", "made", "Made.", "select 1", (), reads, (), tuple(read.relation for read in reads))


def sources(read: ReadDays, written: dict[date, date]) -> Sources:
    """A source that is kept for a year, with the days on which its days were written."""
    versions = {day: Version("v", at, "v") for day, at in written.items()}
    return Sources({read: versions}, {}, {read: KEPT_SINCE})


@pytest.mark.parametrize(
    ("day", "written", "expected"),
    [
        (TODAY, TODAY, False),
        (LONG_AGO, LONG_AGO, True),
        (LONG_AGO, TODAY, False),
        (LONG_AGO, KEPT_SINCE, False),
        (LONG_AGO, KEPT_SINCE - timedelta(days=1), True),
    ],
    ids=["a new day", "an expired day", "an old day, restated", "on the last day", "a day later"],
)
def test_a_day_stands_once_what_it_was_made_from_was_written_too_long_ago(day: date, written: date, expected: bool) -> None:
    read = ReadDays("cost_hourly", 0, 0)
    assert stands(day, sources(read, {day: written})) is expected


def test_one_expired_day_of_a_window_is_enough() -> None:
    read = ReadDays("cost_hourly", -2, 0, as_built=True)
    days = {LONG_AGO - timedelta(days=back): TODAY for back in range(3)}
    assert not stands(LONG_AGO, sources(read, days))
    days[LONG_AGO - timedelta(days=2)] = LONG_AGO
    assert stands(LONG_AGO, sources(read, days))


def test_a_source_that_lost_a_day_long_ago_does_not_empty_it() -> None:
    read = ReadDays("cost_hourly", 0, 0)
    assert stands(LONG_AGO, sources(read, {}))
    assert not stands(TODAY, sources(read, {})), "a day that was withdrawn lately comes out empty"


def test_what_never_expires_lets_nothing_stand() -> None:
    read = ReadDays("cost_rollup_daily", -30, 0)
    assert not stands(LONG_AGO, Sources({read: {}}, {}, {}))


def test_the_first_source_of_the_day_itself_decides_which_days_there_are() -> None:
    before, late, today = ReadDays("a", 1, 1), ReadDays("b", 0, 0, as_built=True), ReadDays("c", -1, 0)
    days = {date(2026, 11, day): Version("v", TODAY, "v") for day in (2, 4)}
    other = {date(2026, 11, 9): Version("v", TODAY, "v")}
    made = Sources({before: other, late: other, today: days, ReadDays("d", 0, 0): other}, {}, {})
    assert candidate_days(rollup(before, late, today), made, {}) == list(days)
    own = {date(2026, 11, day): Version("v", TODAY, "v") for day in (1, 3)}
    expected = [date(2026, 11, day) for day in (2, 3, 4)]
    assert candidate_days(rollup(before, late, today), made, own) == expected, "a day before the source begins stands"


def test_bills_are_kept_for_ever_and_what_else_is_collected_is_not() -> None:
    events = CATALOG.table("outlay.resource_events")
    assert (events.retention_of("cost"), events.retention_of("config"), events.retention_of(None)) == (None, 90, 90)
    assert {table.name for table in CATALOG.expiring} == {"resource_events", "collector_runs"}
