"""Ids of builds: the slot of the run that made one, and something random, since a run that is repeated builds anew."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from lake.times import slot_name

BUILD_PARAMETER = "outlay.build"
"""Parameter of a published partition: the build that it came from."""
CONTENT_PARAMETER = "outlay.content"
"""Parameter of a published partition: a checksum of its rows."""
REPLACED_PARAMETER = "outlay.replaced"
"""Parameter of a build's partition: the slot of the run that put another build in its place (ISO 8601, UTC)."""


def new_build(slot: datetime) -> str:
    """The id of a build that the run of slot is about to make."""
    return f"{slot_name(slot)}-{uuid.uuid4().hex[:8]}"


def built_at(build: str) -> datetime:
    """The slot of the run that made a build."""
    return datetime.strptime(build.split("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
