"""Times: UTC throughout. The slot of a run is its scheduled time and names all that the run writes: a retry overwrites."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lake.errors import ConfigurationError

SLOT_AHEAD = timedelta(days=31)
"""How far a slot may be ahead of the clock. A later one is a mistake: rollups would build every day until then, which may be
thousands."""


def slot_of(event: Mapping[str, Any]) -> datetime:
    """The slot that an event names under `slot`, as aware UTC, to the second.

    Raises ConfigurationError where it is missing, no ISO 8601 time, or further in the future than SLOT_AHEAD.
    """
    text = str(event.get("slot", ""))
    try:
        slot = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ConfigurationError(
            f"event field slot is {text!r}; give the scheduled time, such as 2026-11-20T09:00:00Z"
        ) from None
    slot = (slot.replace(tzinfo=UTC) if slot.tzinfo is None else slot.astimezone(UTC)).replace(microsecond=0)
    if slot > datetime.now(UTC) + SLOT_AHEAD:
        raise ConfigurationError(f"event field slot is {text!r}, which is in the future; give the scheduled time")
    return slot


def slot_name(slot: datetime, part: int = 0) -> str:
    """A slot and part as they stand in object names; they sort by time."""
    return f"{slot:%Y%m%dT%H%M%SZ}-{part:04d}"


def naive(moment: datetime) -> datetime:
    """A UTC time without its zone, as Parquet and Athena keep it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included."""
    return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
