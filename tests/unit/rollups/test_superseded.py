"""Publications of a day that nobody reads any more, told from listings and partitions alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollups.superseded import Current, superseded

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "tables/e/event_type=cost/collector=cur/event_date=2026-11-01/"
HOUR = timedelta(hours=1)


def gone(ages: dict[str, int], current: str | None, since: int | None = None) -> set[str]:
    """Publications that may go. ages: hours since each was written; since: hours since the current one was published."""
    objects = [(f"{DAY}publication={name}/{part}.parquet", NOW - age * HOUR) for name, age in ages.items() for part in "01"]
    at = None if since is None else NOW - since * HOUR
    published = {DAY: Current(f"{DAY}publication={current}/", at)} if current else {}
    found = superseded(objects, published, NOW, timedelta(days=1))
    return {one.folder.split("publication=")[1].rstrip("/") for one in found}


def test_a_publication_goes_a_day_after_another_took_its_place() -> None:
    assert gone({"old": 700, "new": 25}, "new") == {"old"}
    assert gone({"old": 700, "new": 23}, "new") == set(), "whoever reads it began before it was replaced"
    assert gone({"old": 25, "new": 25}, "new") == {"old"}, "S3 knows whole seconds"
    assert gone({"old": 700, "new": 100}, "new", since=23) == set(), "a large bill is published long after it was written"
    assert gone({"old": 700, "new": 100}, "new", since=25) == {"old"}


def test_what_is_published_stays_however_old_it_is() -> None:
    assert gone({"current": 700}, "current", since=700) == set()


def test_what_was_begun_and_never_published_goes_after_a_week() -> None:
    assert gone({"current": 700, "begun": 167}, "current", since=699) == set()
    assert gone({"current": 700, "begun": 168}, "current", since=699) == {"begun"}
    assert gone({"begun": 167}, None) == set()
    assert gone({"begun": 168}, None) == {"begun"}


def test_objects_that_lie_in_the_days_folder_itself_were_appended_and_stay() -> None:
    objects = [(f"{DAY}rows.parquet", NOW - timedelta(days=9)), (f"{DAY}more.parquet", NOW - timedelta(days=8))]
    for published in ({DAY: Current(DAY)}, {}):
        assert not list(superseded(objects, published, NOW, timedelta(days=1)))
