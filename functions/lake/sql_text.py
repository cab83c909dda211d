"""The only way by which names and values enter SQL text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lake.errors import ConfigurationError

_UNSEEN = re.compile(r"([\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff`])")
_OPAQUE_OR_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def identifier(name: str) -> str:
    """A relation's or column's name, quoted. Raises ConfigurationError for what no relation of the lake is called."""
    if not _IDENTIFIER.fullmatch(name):
        raise ConfigurationError(f"{name!r} is no name of a relation or column; use letters, digits and _")
    return f'"{name}"'


def relation(database: str, name: str) -> str:
    """A relation by database and name, each quoted; database as Glue calls it."""
    return f"{identifier(database)}.{identifier(name)}"


def identifiers(names: Sequence[str]) -> str:
    """Names, quoted and separated by commas."""
    return ", ".join(identifier(name) for name in names)


def literal(value: str | date) -> str:
    """A string or day as SQL writes it. NUL has no place in SQL text and raises ConfigurationError."""
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if "\x00" in value:
        raise ConfigurationError(f"{value!r} holds a NUL character, which no SQL text can carry; leave it out")
    return "'" + value.replace("'", "''") + "'"


def visible_literal(value: str) -> str:
    """Any string as SQL that people can read and paste: what nobody sees or a code block cannot carry is chr(…)."""
    pieces = [
        f"chr({ord(piece)})" if _UNSEEN.fullmatch(piece) else literal(piece) for piece in _UNSEEN.split(value) if piece
    ]
    return " || ".join(pieces) or literal("")


def with_literals(sql: str, literals: Sequence[str]) -> str:
    """The SQL with each of its `?` replaced by a literal (see `literal`), in order.

    Athena takes parameters of its own in WHERE clauses alone. A `?` in a string, a quoted name or a comment is text and
    stays. Raises ConfigurationError where there are more or fewer literals than places for them.
    """
    left = list(literals)
    marks = sum(found[0] == "?" for found in _OPAQUE_OR_PARAMETER.finditer(sql))
    if marks != len(left):
        raise ConfigurationError(
            f"the SQL has {marks} places for a value (`?`), and {len(left)} values were given: {sql[:120]}"
        )
    return _OPAQUE_OR_PARAMETER.sub(lambda found: left.pop(0) if found[0] == "?" else found[0], sql)
