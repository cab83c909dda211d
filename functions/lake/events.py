"""Events: what collectors yield, and how many of them become one Arrow table of resource_events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lake.catalog import Table
from lake.configuration import GROUPS, Account
from lake.slots import naive, stable_id


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


class EventRows:
    """Gathers events column by column; table() gives them in the schema of resource_events.

    Groups come from tags by the configured keys, then from the account's defaults. Properties without a value are left out.
    """

    def __init__(self, table: Table, grouping: Mapping[str, tuple[str, ...]]) -> None:
        self._schema, self._grouping = table.arrow_schema, grouping
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}
        self._ids: set[str] = set()

    def __len__(self) -> int:
        """Rows gathered so far."""
        return len(self._columns["event_id"])

    def append(self, event: Event, origin: Origin) -> None:
        """Add one event. The same event given twice is one row."""
        moment = event.event_time or origin.slot
        event_id = stable_id(
            origin.collector, origin.event_type, event.resource_arn, event.event_action, moment.isoformat()
        )
        if event_id in self._ids:
            return
        self._ids.add(event_id)
        row = {
            "event_id": event_id,
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
            "properties": [(key, value) for key, value in event.properties.items() if value is not None],
            "tags": list(event.tags.items()),
            **groups_of(event.tags, self._grouping, origin.account.defaults),
        }
        for name, column in self._columns.items():
            column.append(row.get(name))

    def table(self) -> pa.Table:
        """The gathered rows; the next append starts anew."""
        arrays = [pa.array(self._columns[column.name], column.type) for column in self._schema]
        self._columns = {name: [] for name in self._schema.names}
        return pa.Table.from_arrays(arrays, schema=self._schema)


def groups_of(
    tags: Mapping[str, str], grouping: Mapping[str, tuple[str, ...]], defaults: Mapping[str, str]
) -> dict[str, str | None]:
    """The five groups of something with these tags: the first configured key with a value, else the account's default."""
    return {
        group: next((tags[key] for key in grouping.get(group, ()) if tags.get(key)), None)
        or defaults.get(group)
        for group in GROUPS
    }
