"""What a bill's format declares: where its deliveries lie, which columns are read, and how lines become charges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from collectors.bills.charges import Charges
from collectors.bills.layouts import Layout
from collectors.bills.tag_columns import TagColumn
from collectors.bills.values import ValueKind


@dataclass(frozen=True)
class BillColumn:
    """A column that a format reads. A required one must be in the file, and every row must have a value in it."""

    name: str
    kind: ValueKind
    is_required: bool = False


def required(kind: ValueKind, *names: str) -> tuple[BillColumn, ...]:
    """Columns of one kind that a file must have."""
    return tuple(BillColumn(name, kind, is_required=True) for name in names)


def optional(kind: ValueKind, *names: str) -> tuple[BillColumn, ...]:
    """Columns of one kind that a file may have."""
    return tuple(BillColumn(name, kind) for name in names)


@dataclass(frozen=True)
class BillFormat:
    """One format of bills.

    title names it in sentences, with its article. layout is where manifests lie; takes_files: a file directly under the
    prefix is a delivery, too. canonical turns a file's own column name into the one that `columns` uses. cost, currency and
    time are the three columns that every line must have; a line with a value in `split_mark` is a share of another line, and
    may lack cost and currency. own_tag_prefix is what the bill puts in front of a customer's tag keys. has_line_ids: equal
    lines of one identity are suspicious; without ids they are ordinary. is_like tells a file of this format by its own
    column names. charges_of maps a batch of lines that has `columns` and TAGS.
    """

    title: str
    layout: Layout
    takes_files: bool
    columns: Sequence[BillColumn]
    cost: str
    currency: str
    time: str
    tag_columns: Sequence[TagColumn]
    own_tag_prefix: str
    has_line_ids: bool
    canonical: Callable[[str], str]
    is_like: Callable[[Collection[str]], bool]
    charges_of: Callable[[pa.Table], Charges]
    split_mark: str | None = None

    @property
    def money_columns(self) -> list[str]:
        """Names of the columns that are amounts in the bill's currency."""
        return [column.name for column in self.columns if column.kind is ValueKind.MONEY]

    @property
    def looked_for(self) -> str:
        """What lies under the prefix of a bill in this format, for people."""
        return "files directly under it, and " * self.takes_files + self.layout.looked_for
