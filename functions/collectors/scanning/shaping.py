"""What the AWS collectors share in shaping a raw record: tags, times, flags and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def tags_of(raw: Mapping[str, Any]) -> dict[str, str]:
    """All tags of a record that spells them as a list of Key and Value."""
    return {tag["Key"]: tag.get("Value", "") for tag in raw.get("Tags") or ()}


def present(*parts: Mapping[str, str | None]) -> dict[str, str]:
    """The properties, given in parts, that say something: EC2 leaves some fields out and gives others as ''."""
    return {name: value for part in parts for name, value in part.items() if value}


def utc_text(moment: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC to the second, such as 2026-11-20T09:00:00Z; None stays None."""
    # Twice as fast as strftime, for a million volumes with two times each.
    return None if moment is None else moment.astimezone(UTC).isoformat()[:19] + "Z"


def flag(value: bool | None) -> str | None:
    """A boolean as 'true' or 'false'; None where the source is silent."""
    return None if value is None else str(value).lower()


def number(value: int | None) -> str | None:
    """A number as text; None where the source is silent. 0 is a number."""
    return None if value is None else str(value)


def joined(values: list[str | None]) -> str | None:
    """The values that are there, separated by commas; None where there are none."""
    return ",".join(value for value in values if value) or None
