"""What a collector says about itself: the schedules, the roles and the runner are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from collectors.scanning.scope import REGION, CollectorScope
from lake.resource_types import ResourceKind
from lake.times import days_between

if TYPE_CHECKING:
    from collectors.scanning.events import Event, Origin

    Scan = Callable[[Any, Origin], Iterator[Event]]


@dataclass(frozen=True)
class Collector:
    """One source scan. Its name is the name of the module that ends with `COLLECTOR = Collector(...)`.

    scan(session, origin) yields the events of one unit of its scope; the session is the scope's, for AWS a boto3.Session
    in the account. kinds are the resource kinds of those events: no other, and no property that they do not have. actions
    are the IAM actions that scan needs in a member account; read-only, each in full. days_back is how many days before
    the slot's an event may lie. A daily collector runs after midnight, UTC; infra chooses the minute.
    """

    scan: Scan
    kinds: tuple[ResourceKind, ...]
    actions: tuple[str, ...] = ()
    event_type: str = "config"
    scope: CollectorScope = REGION
    schedule: Literal["hourly", "daily"] = "hourly"
    days_back: int = 0
    table: str = "outlay.resource_events"

    def days_of(self, slot: datetime) -> list[date]:
        """The days on which events of a slot may lie, the oldest first."""
        return days_between(slot.date() - timedelta(days=self.days_back), slot.date())
