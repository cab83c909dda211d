"""How one would write it first: a dict for each event. The other side of the comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from collectors.scanning.events import Event, Origin
from lake.configuration import GROUPS
from lake.ids import stable_id
from lake.times import naive


def row_of(event: Event, origin: Origin, grouping: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The row of resource_events that EventRows makes of an event."""
    moment = event.event_time or origin.slot
    identity = (origin.collector, origin.event_type, event.resource_arn, event.event_action, moment.isoformat())
    return {
        "event_id": stable_id(*identity),
        "event_time": naive(moment),
        "ingested_at": naive(origin.slot),
        "aws_account_id": origin.account.account_id,
        "aws_region": origin.region,
        "resource_arn": event.resource_arn,
        "resource_type": event.resource_type,
        "resource_id": event.resource_id,
        "resource_name": event.resource_name,
        "event_action": event.event_action,
        "actor_arn": event.actor_arn,
        "actor_name": event.actor_name,
        "account_role": origin.account.role,
        "value": None if event.value is None else Decimal(event.value),
        "unit": event.unit,
        "properties": list(event.properties.items()),
        "tags": list(event.tags.items()),
        **{group: _group(event.tags, grouping[group]) or origin.account.defaults.get(group) for group in GROUPS},
    }


def _group(tags: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    """The value of the first key that is spelled exactly so: enough for the made-up resources, and quicker than folding."""
    return next((tags[key] for key in keys if tags.get(key)), None)
