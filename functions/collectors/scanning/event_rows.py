"""How events become rows of resource_events: gathered as they come, turned into columns by the thousand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate, chain

import pyarrow as pa

from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event, Origin
from lake.errors import ConfigurationError, OutlayError
from lake.event_ids import Identities, digests_of, event_ids
from lake.grouping import GroupKeys
from lake.relations import Table
from lake.times import naive

_AS_GIVEN = (
    "resource_arn",
    "resource_type",
    "resource_id",
    "resource_name",
    "event_action",
    "actor_arn",
    "actor_name",
    "unit",
)
"""Columns that are fields of an event."""


class OutsideItsDaysError(OutlayError):
    """An event lies on a day whose object the run does not write: a later run could not overwrite it."""

    def __init__(self, event: Event, day: date, days: list[date]) -> None:
        super().__init__(
            f"{event.resource_arn} has an event of {day}, and the run writes the days {days[0]} to {days[-1]} alone; "
            "raise its days_back, or have it leave such events out"
        )


class EventRows:
    """Gathers the events of one scan; table() gives them in the schema of resource_events.

    Properties without a value are left out. The same event given twice is one row, whichever table() the first went to: that
    takes 8 bytes an event.
    """

    def __init__(self, table: Table, grouping: Mapping[str, tuple[str, ...]], origin: Origin, collector: Collector) -> None:
        self._schema, self._group_keys, self._origin = table.arrow_schema, GroupKeys(grouping), origin
        self._declared = {kind.type: kind.property_names(collector.event_type) for kind in collector.kinds}
        self._days = collector.days_of(origin.slot)
        self._scope, self._moment = f"{origin.collector}\x1f{origin.event_type}", origin.slot.isoformat()
        self._events: list[Event] = []
        self._identities = Identities()

    def __len__(self) -> int:
        """Events gathered since the last table()."""
        return len(self._events)

    def append(self, event: Event) -> None:
        """Add one event."""
        self._events.append(event)

    def table(self) -> pa.Table:
        """The gathered rows; the next append starts anew.

        Raises ConfigurationError for what the collector does not declare, OutsideItsDaysError for an event of another day.
        """
        events, self._events = self._events, []
        digests = digests_of(self._scope, map(self._identity, events))
        is_new = self._identities.earlier(digests) == 0
        columns = {
            "event_id": event_ids(digests),
            **{name: pa.array([getattr(event, name) for event in events], pa.string()) for name in _AS_GIVEN},
            "event_time": self._times(events),
            "value": self._values([event.value for event in events]),
            "properties": _text_map([event.properties for event in events]),
            "tags": _text_map([event.tags for event in events]),
            "aws_region": self._regions(events),
            **self._origin_columns(len(events)),
            **self._group_columns([event.tags for event in events]),
        }
        self._refuse_undeclared(columns["resource_type"], columns["properties"])
        rows = pa.Table.from_arrays(
            [columns.get(column.name, pa.nulls(len(events), column.type)) for column in self._schema], schema=self._schema
        )
        return rows if is_new.all() else rows.filter(pa.array(is_new))

    def _refuse_undeclared(self, types: pa.Array, properties: pa.MapArray) -> None:
        """Every property has its meaning and unit in the data dictionary, or it does not get into the lake."""
        kinds = types.unique().to_pylist()
        for kind in kinds:
            declared = self._declared.get(kind)
            if declared is None:
                raise ConfigurationError(f"collector {self._origin.collector} yields {kind!r}; add the kind to its kinds")
            of_kind = (
                properties if len(kinds) == 1 else properties.filter(pa.array([one == kind for one in types.to_pylist()]))
            )
            if undeclared := sorted(set(of_kind.keys.unique().to_pylist()) - declared):
                raise ConfigurationError(
                    f"collector {self._origin.collector} yields the property {undeclared[0]!r} of {kind}, which the kind "
                    "does not have; describe it there"
                )

    def _identity(self, event: Event) -> bytes:
        moment = event.event_time.astimezone(UTC).isoformat() if event.event_time else self._moment
        return f"{event.resource_arn}\x1f{event.event_action}\x1f{moment}".encode()

    def _times(self, events: list[Event]) -> pa.Array:
        slot = naive(self._origin.slot)
        times: list[datetime] = [slot if event.event_time is None else self._own_time(event) for event in events]
        return pa.array(times, self._schema.field("event_time").type)

    def _own_time(self, event: Event) -> datetime:
        moment = naive(event.event_time or self._origin.slot)
        if not self._days[0] <= moment.date() <= self._days[-1]:
            raise OutsideItsDaysError(event, moment.date(), self._days)
        return moment

    def _values(self, values: list[Decimal | int | None]) -> pa.Array:
        money = self._schema.field("value").type
        return pa.array([None if value is None else Decimal(value) for value in values], money)

    def _regions(self, events: list[Event]) -> pa.Array:
        place, own = self._origin.unit.place, [event.region for event in events]
        return pa.array(own, pa.string()).fill_null(place) if any(own) else pa.repeat(place, len(own))

    def _origin_columns(self, rows: int) -> dict[str, pa.Array]:
        account, slot = self._origin.account, naive(self._origin.slot)
        return {
            "ingested_at": pa.repeat(pa.scalar(slot, self._schema.field("ingested_at").type), rows),
            "aws_account_id": pa.repeat(account.account_id, rows),
            "account_role": pa.repeat(pa.scalar(account.role, pa.string()), rows),
        }

    def _group_columns(self, tags: list[Mapping[str, str]]) -> dict[str, pa.Array]:
        found = self._group_keys.columns_of(tags, self._origin.account.defaults)
        return {group: pa.array(values, pa.string()) for group, values in found.items()}


def _text_map(maps: Sequence[Mapping[str, str | None]]) -> pa.Array:
    """A map in each row, without the keys that have no value. Column by column: twice as fast as pa.array of pairs."""
    values = pa.array([value for one in maps for value in one.values()], pa.string())
    if values.null_count:
        return _text_map([{key: value for key, value in one.items() if value is not None} for one in maps])
    keys = pa.array(chain.from_iterable(maps), pa.string())
    ends = pa.array(accumulate(map(len, maps), initial=0), pa.int32())
    return pa.MapArray.from_arrays(ends, keys, values)
