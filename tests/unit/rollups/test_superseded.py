"""Versions of a published day that nobody reads any more, told from listings alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollups.superseded import superseded

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "tables/e/event_type=cost/collector=cur/event_date=2026-11-01/"


def gone(ages: dict[str, int], current: str | None) -> set[str]:
    """Versions that may go a day after they were replaced. ages: by version, hours since it was written."""
    objects = [
        (f"{DAY}version={name}/{part}.parquet", NOW - timedelta(hours=age)) for name, age in ages.items() for part in "01"
    ]
    published = {DAY: f"{DAY}version={current}/"} if current else {}
    return {key.split("version=")[1].split("/")[0] for key in superseded(objects, published, NOW - timedelta(days=1))}


def test_a_version_goes_a_day_after_the_one_that_replaced_it_was_written() -> None:
    assert gone({"old": 700, "new": 25}, "new") == {"old"}
    assert gone({"old": 700, "new": 23}, "new") == set(), "whoever reads it began before it was replaced"
    assert gone({"old": 25, "new": 25}, "new") == {"old"}, "S3 knows whole seconds"
    assert gone({"older": 700, "old": 25, "new": 1}, "new") == {"older"}


def test_what_is_published_stays_however_old_it_is_and_whatever_was_written_since() -> None:
    assert gone({"current": 700, "never published": 100}, "current") == set()
    assert gone({"current": 700}, "current") == set()


def test_a_day_that_nothing_is_published_of_keeps_all_it_has() -> None:
    assert gone({"old": 700, "new": 600}, None) == set()


def test_objects_that_lie_in_the_days_folder_itself_are_no_versions() -> None:
    objects = [(f"{DAY}rows.parquet", NOW - timedelta(days=9)), (f"{DAY}more.parquet", NOW - timedelta(days=8))]
    assert not list(superseded(objects, {DAY: DAY}, NOW - timedelta(days=1)))
