"""Events: what collectors yield. Importing this imports nothing heavy, for synth and for cold starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lake.configuration import Account


@dataclass(slots=True)
class Event:
    """One fact about one resource, as a scan found it. Times are aware UTC; value is in unit."""

    resource_type: str
    resource_id: str
    resource_arn: str
    event_action: str = "observed"
    event_time: datetime | None = None
    resource_name: str | None = None
    value: Decimal | int | None = None
    unit: str | None = None
    actor_arn: str | None = None
    actor_name: str | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Where a scan's events come from: stamped on each of them."""

    collector: str
    event_type: str
    slot: datetime
    account: Account
    region: str
