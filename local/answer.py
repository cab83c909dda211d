"""What a query answers: its columns, its rows as Athena's own text, and what it took."""

from __future__ import annotations

from dataclasses import dataclass

INTEGERS, FLOATS = ("integer", "bigint", "smallint", "tinyint"), ("double", "float", "real")
NUMBERS = (*INTEGERS, *FLOATS, "decimal")


@dataclass(frozen=True)
class Answer:
    """A query's columns (name, Athena type), its rows as Athena's own text, and what it scanned."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]
    scanned_bytes: int
    milliseconds: int
