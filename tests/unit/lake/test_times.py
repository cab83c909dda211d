"""A slot is a time that has come, or comes within a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lake.errors import ConfigurationError
from lake.times import slot_of


def test_a_slot_is_read_to_the_second_in_utc() -> None:
    assert slot_of({"slot": "2026-01-20T10:00:00.5+01:00"}) == datetime(2026, 1, 20, 9, tzinfo=UTC)


def test_a_clock_that_is_behind_is_forgiven_and_a_slot_in_the_future_refused() -> None:
    now = datetime.now(UTC)
    assert slot_of({"slot": (now + timedelta(hours=23)).isoformat()}) > now
    for ahead in (timedelta(days=32), timedelta(days=36_500)):
        with pytest.raises(ConfigurationError, match="is in the future; give the scheduled time"):
            slot_of({"slot": (now + ahead).isoformat()})
