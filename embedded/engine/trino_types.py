"""Trino's types, parsed from their text, and what Athena and Glue call them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = re.compile(r"\d+")
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^\s"(]+))\s+(.+)', re.DOTALL)

# What Hive calls the scalar types whose names differ; the rest keep theirs.
_HIVE_NAMES = {
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "timestamp with time zone": "timestamp",
    "json": "string",
    "uuid": "string",
    "ipaddress": "string",
    "time": "string",
    "time with time zone": "string",
    "unknown": "string",
}
# What Athena reports as a column's precision, where the type itself has none.
_PRECISIONS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varchar": 2147483647,
    "varbinary": 1073741824,
}


@dataclass(frozen=True)
class TrinoType:
    """A type: its name without parameters, its numbers, and the types (and names) inside it."""

    name: str
    numbers: tuple[int, ...] = ()
    inner: tuple["TrinoType", ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def precision(self) -> int:
        """The precision that Athena reports in a result's column."""
        if self.name in ("decimal", "varchar", "char") and self.numbers:
            return self.numbers[0]
        return _PRECISIONS.get(self.name, 0)

    @property
    def scale(self) -> int:
        """The scale that Athena reports in a result's column."""
        return self.numbers[1] if self.name == "decimal" and len(self.numbers) == 2 else 0

    @property
    def hive(self) -> str:
        """The type as Glue writes it: `array<string>`, `struct<a:bigint>`."""
        inner = [one.hive for one in self.inner]
        if self.name == "row":
            named = (f"{name}:{kind}" for name, kind in zip(self.fields, inner, strict=True))
            return f"struct<{','.join(named)}>"
        if inner:
            return f"{self.name}<{','.join(inner)}>"
        if self.name == "varchar" and not self.numbers:
            return "string"
        if self.name in ("decimal", "varchar", "char"):
            return f"{self.name}({','.join(str(number) for number in self.numbers)})"
        return _HIVE_NAMES.get(self.name, self.name)


def parse_type(text: str) -> TrinoType:
    """Parse a type as Trino writes it, e.g. `map(varchar, row("a b" decimal(18, 9)))`."""
    opening = text.find("(")
    if opening < 0:
        return TrinoType(text.strip().lower())
    closing = text.rindex(")")
    name = (text[:opening] + text[closing + 1 :]).strip().lower()  # timestamp(3) with time zone
    parts = list(_split(text[opening + 1 : closing]))
    if all(_NUMBER.fullmatch(part) for part in parts):
        return TrinoType(name, numbers=tuple(int(part) for part in parts))
    if name != "row":
        return TrinoType(name, inner=tuple(parse_type(part) for part in parts))
    named = [_field(part, position) for position, part in enumerate(parts)]
    return TrinoType(
        name,
        inner=tuple(parse_type(kind) for _, kind in named),
        fields=tuple(field for field, _ in named),
    )


def _field(text: str, position: int) -> tuple[str, str]:
    """A row's field as (name, type); fields without a name get Trino's own, `field0`."""
    match = _FIELD.fullmatch(text)
    if match is None or match[3].startswith("with "):  # an anonymous `timestamp with time zone`
        return f"field{position}", text
    quoted, plain, kind = match.groups()
    return (quoted.replace('""', '"') if quoted is not None else plain), kind


def _split(text: str) -> Iterator[str]:
    """Split at the commas that are neither in parentheses nor in quotes."""
    depth, quoted, start = 0, False, 0
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and depth == 0:
            yield text[start:position].strip()
            start = position + 1
    yield text[start:].strip()
