"""Charges of any bill, column by column, and how they become rows of resource_events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.repeats import Repeat, Repeats
from collectors.bills.resources import NO_RESOURCE, BilledResource, resource_of
from collectors.bills.tags import TagReader
from collectors.bills.values import MOMENT, MONEY, TEXT_MAP, BillPlace
from lake.configuration import GROUPS, Account, Configuration
from lake.event_ids import Identities, digests_of, event_ids
from lake.relations import Table
from lake.times import naive

MOST_REMEMBERED = 100_000
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Charges:
    """Some charges of a bill. Columns are Arrow arrays of one length; text unless said otherwise.

    identity: what tells a charge from others, parts joined by U+001F. time: start of the charge period. category is one of
    usage, fee, tax, credit, refund, discount, purchase, adjustment. billed, amortized, net: USD, decimal(28,12), amortized
    null where the bill does not say. tags: a map. other_type: resource type where the id tells none. subject: what a
    restated charge keeps, which is its identity without amounts; None in a format whose lines have ids.
    """

    identity: pa.Array
    time: pa.Array
    account: pa.Array
    region: pa.Array
    resource: pa.Array
    resource_name: pa.Array
    other_type: pa.Array
    category: pa.Array
    billed: pa.Array
    amortized: pa.Array
    net: pa.Array
    provider: pa.Array
    service: pa.Array
    usage_type: pa.Array
    tags: pa.Array
    properties: Mapping[str, pa.Array]
    subject: pa.Array | None = None


class ChargeRows:
    """Turns the charges of one delivery into rows. scope tells its identities from other deliveries'.

    Charges of the same identity are as many rows, numbered in their order. Where lines have ids, repeats holds them.
    accounts are those that have occurred.
    """

    def __init__(
        self,
        table: Table,
        configuration: Configuration,
        scope: str,
        delivered: datetime,
        own_prefix: str,
        has_line_ids: bool,
    ) -> None:
        self._schema, self._scope, self._has_line_ids = table.arrow_schema, scope, has_line_ids
        self._delivered = pa.scalar(naive(delivered), MOMENT)
        self._accounts = {account.account_id: account for account in configuration.accounts}
        self._tags = TagReader(configuration.grouping, own_prefix)
        self._resources: dict[str, BilledResource] = {}
        self.identities = Identities()
        self.repeats = Repeats()
        self.accounts: set[str] = set()

    def rows(self, charges: Charges, place: BillPlace) -> pa.Table:
        """The rows of resource_events, in the order of charges."""
        tags = self._tags.read(charges.tags)
        columns = {
            "event_id": self._event_ids(charges, place),
            "event_time": charges.time,
            "ingested_at": pa.repeat(self._delivered, len(charges.time)),
            "aws_account_id": charges.account,
            "aws_region": charges.region,
            "resource_name": pc.coalesce(charges.resource_name, tags.name),
            "event_action": charges.category,
            "value": charges.billed,
            "unit": constant("USD", charges.time),
            "properties": text_map(charges.properties),
            "tags": tags.tags,
            "provider": charges.provider,
            "service": charges.service,
            "usage_type": charges.usage_type,
            "charge_category": charges.category,
            "amortized_cost_usd": charges.amortized,
            "net_cost_usd": charges.net,
            **self._resource_columns(charges),
            **self._account_columns(charges.account, tags.groups),
        }
        nothing = {
            field.name: pa.nulls(len(charges.time), field.type) for field in self._schema if field.name not in columns
        }
        return pa.table({**columns, **nothing}).select(self._schema.names)

    def _event_ids(self, charges: Charges, place: BillPlace) -> pa.Array:
        digests = digests_of(self._scope, charges.identity.cast(pa.binary()).to_pylist())
        earlier = self.identities.earlier(digests)
        repeated = np.flatnonzero(earlier)
        if not len(repeated):
            return event_ids(digests)
        numbered = [f"{charges.identity[int(row)]}{_SEPARATOR}{earlier[row]}".encode() for row in repeated]
        first_ids = event_ids(digests[repeated])
        digests = digests.copy()
        digests[repeated] = digests_of(self._scope, numbered)
        ids = event_ids(digests)
        for row, first_id in zip(repeated.tolist(), first_ids.to_pylist(), strict=True):
            if self._has_line_ids:
                identity = charges.identity[row].as_py().replace(_SEPARATOR, ", ")
                self.repeats.note(charges.time[row].as_py().date(), ids[row].as_py(), Repeat(first_id, identity, place, row))
        return ids

    def _resource_columns(self, charges: Charges) -> dict[str, pa.Array]:
        """Works each distinct resource out once; most are charged many times."""
        parts = (charges.resource, charges.account, charges.region, charges.service, charges.other_type)
        encoded = joined_identity(*parts).dictionary_encode()
        if len(self._resources) > MOST_REMEMBERED:
            self._resources.clear()
        found = [self._resource(key) for key in encoded.dictionary.to_pylist()]
        names = ("resource_arn", "resource_type", "resource_id")
        columns = zip(*found, strict=True) if found else ((), (), ())
        return {
            name: pa.array(values, pa.string()).take(encoded.indices) for name, values in zip(names, columns, strict=True)
        }

    def _resource(self, key: str) -> BilledResource:
        if key not in self._resources:
            billed_id, account_id, region, service, other_type = key.rsplit(_SEPARATOR, 4)
            home_region = next(iter(self._accounts.get(account_id, Account("", "")).regions), "")
            self._resources[key] = resource_of(
                billed_id, account_id, region, service, other_type or NO_RESOURCE, home_region
            )
        return self._resources[key]

    def _account_columns(self, accounts: pa.Array, groups: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Groups from tags, else from the account's defaults; and the account's role."""
        encoded = accounts.dictionary_encode()
        self.accounts.update(filter(None, encoded.dictionary.to_pylist()))
        nobody = Account("", "")
        known = [self._accounts.get(account_id, nobody) for account_id in encoded.dictionary.to_pylist()]
        roles = pa.array([account.role for account in known], pa.string())
        columns = {"account_role": roles.take(encoded.indices)}
        for group in GROUPS:
            defaults = pa.array([account.defaults.get(group) for account in known], pa.string())
            columns[group] = pc.coalesce(groups[group], defaults.take(encoded.indices))
        return columns


@dataclass(frozen=True)
class LineTable:
    """A batch of a bill's lines, for mappings: column(name) as an array."""

    lines: pa.Table

    def __getitem__(self, name: str) -> pa.Array:
        return self.lines.column(name).combine_chunks()

    @cached_property
    def zero(self) -> pa.Array:
        """No dollars, in every row."""
        return pa.repeat(pa.scalar(0, MONEY), self.lines.num_rows)


def constant(text: str, like: pa.Array) -> pa.Array:
    """The same text in as many rows as like has."""
    return pa.repeat(pa.scalar(text, pa.string()), len(like))


def joined_identity(*parts: pa.Array) -> pa.Array:
    """Texts joined by U+001F, null as nothing."""
    return pc.binary_join_element_wise(*parts, _SEPARATOR, null_handling="replace", null_replacement="")


def contents(lines: pa.Table) -> pa.Array:
    """Everything that is read of each row, as one text."""
    return joined_identity(*(_as_text(column.combine_chunks()) for column in lines.columns))


def _as_text(values: pa.Array) -> pa.Array:
    if pa.types.is_map(values.type):
        return pa.array([None if pairs is None else repr(sorted(pairs)) for pairs in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def text_map(columns: Mapping[str, pa.Array]) -> pa.Array:
    """A map in each row, with the columns that have a value there."""
    rows = len(next(iter(columns.values())))
    columns = {name: values for name, values in columns.items() if values.null_count < rows or not rows}
    if not columns:
        return pa.array([[]], TEXT_MAP).take(pa.array(np.zeros(rows, np.int32)))
    arrays, width = list(columns.values()), len(columns)
    by_row = np.arange(rows * width).reshape(width, rows).T.ravel()
    values = pa.concat_arrays(arrays).take(pa.array(by_row))
    is_there = values.is_valid()
    keys = pa.DictionaryArray.from_arrays(pa.array(np.tile(np.arange(width, dtype=np.int8), rows)), pa.array(list(columns)))
    counts = is_there.to_numpy(zero_copy_only=False).reshape(rows, width).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    kept = keys.filter(is_there).dictionary_decode()
    return pa.MapArray.from_arrays(pa.array(offsets), kept, values.drop_null()).cast(TEXT_MAP)
