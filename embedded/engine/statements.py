"""What a text sent to Athena is: its kind, the query inside it, where it writes.

Trino parses the SQL; this only finds the parts that Athena treats in its own way (UNLOAD, the
properties of CTAS) and those whose reads must be known beforehand. Strings, quoted names and comments
are blanked out first, so that nothing in them is mistaken for syntax.

Where Athena's behaviour is documented or reported to be narrower than Trino's, the narrower one holds here: `?` stands in
a WHERE clause only, a view has no comments, and no comment of an UNLOAD holds a semicolon.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from embedded.engine.errors import InvalidStatementError
from embedded.engine.parameters import check_parameters

_OPAQUE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r"[\w.\"`]+"
_UNLOAD = re.compile(r"UNLOAD\s*\(", re.I)
_UNLOAD_TAIL = re.compile(r"\s*TO\s*'(?P<location>s3://[^']+)'\s*(?:WITH\s*\((?P<options>.*)\))?\s*", re.I | re.DOTALL)
_CTAS = re.compile(
    rf"CREATE\s+TABLE\s+(?P<guard>IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})\s*"
    r"(?:WITH\s*\((?P<options>[^)]*)\)\s*)?AS\s+(?P<query>.*)",
    re.I | re.DOTALL,
)
_VIEW = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+(?P<name>{_NAME})\s+(?:COMMENT\s+'[^']*'\s+)?"
    r"(?:SECURITY\s+\w+\s+)?AS\s+(?P<query>.*)",
    re.I | re.DOTALL,
)
_INSERT = re.compile(
    rf"INSERT\s+INTO\s+(?P<name>{_NAME})\s*(?P<columns>\([^)]*\))?\s*(?P<query>.*)",
    re.I | re.DOTALL,
)
_EXPLAIN = re.compile(
    r"EXPLAIN\s+(?:ANALYZE\s+)?(?:VERBOSE\s+)?(?:\(\s*(?:TYPE|FORMAT)\b[^)]*\)\s*)?(?P<query>.*)",
    re.I | re.DOTALL,
)
_DROP = re.compile(rf"DROP\s+(?P<what>TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?(?P<name>{_NAME})\s*", re.I)
_SHOW_CREATE_VIEW = re.compile(rf"SHOW\s+CREATE\s+VIEW\s+(?P<name>{_NAME})\s*", re.I)
_OPTION = re.compile(r"(\w+)\s*=\s*('(?:[^']|'')*'|ARRAY\s*\[[^\]]*\]|[\w.]+)", re.I | re.DOTALL)
_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_NO_DATA = re.compile(r"\bWITH\s+(?:NO\s+)?DATA\s*$", re.I)

MAX_QUERY_BYTES = 262_144


class StatementKind(Enum):
    """What Athena does with a statement."""

    SELECT = "SELECT"
    UNLOAD = "UNLOAD"
    CTAS = "CREATE_TABLE_AS_SELECT"
    INSERT = "INSERT"
    VIEW = "CREATE_VIEW"
    EXPLAIN = "EXPLAIN"
    DROP = "DROP"
    SHOW_CREATE_VIEW = "SHOW_CREATE_VIEW"
    CATALOG = "CATALOG"  # Hive's own DDL, answered from Glue

    @property
    def statement_type(self) -> str:
        """Athena's StatementType."""
        if self in (StatementKind.SELECT, StatementKind.UNLOAD, StatementKind.INSERT):
            return "DML"
        return "UTILITY" if self in (StatementKind.EXPLAIN, StatementKind.SHOW_CREATE_VIEW) else "DDL"


@dataclass(frozen=True)
class Statement:
    """One statement: `query` is the SELECT inside it, `name` the relation that it makes or drops."""

    sql: str
    kind: StatementKind
    query: str = ""
    name: str = ""
    location: str = ""
    options: dict[str, str] = field(default_factory=dict)
    guarded: bool = False

    @property
    def readable(self) -> str:
        """The query that can stand as a subquery."""
        return _NO_DATA.sub("", self.query)

    def qualified(self, database: str) -> tuple[str, str]:
        """`name` as (database, relation)."""
        *qualifiers, relation = unquote(self.name)
        return (qualifiers[-1] if qualifiers else database), relation


def parse_statement(text: str) -> Statement:
    """Find out what `text` is; raises InvalidStatementError where Athena would refuse it at once."""
    if len(text.encode()) > MAX_QUERY_BYTES:
        raise InvalidStatementError(
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_QUERY_BYTES}"
        )
    outline = _outline(text)
    start = len(outline) - len(outline.lstrip())
    end = len(outline.rstrip().rstrip(";").rstrip())
    given, text, outline = text, text[start:end], outline[start:end]
    if not text:
        raise InvalidStatementError("Query string is empty")
    if ";" in outline:
        raise InvalidStatementError(f"Only one sql statement is allowed. Got: {text}")
    statement = _classify(text, outline)
    check_parameters(statement.kind.value, outline)
    _check_comments(statement.kind, given)
    return statement


def _check_comments(kind: StatementKind, text: str) -> None:
    """Raise InvalidStatementError for comments that Athena was seen to refuse."""
    comments = [match[0] for match in _OPAQUE.finditer(text) if match[0][0] in "-/"]
    if kind is StatementKind.VIEW and comments:
        raise InvalidStatementError(f"mismatched input '--'. A view's SQL cannot hold comments. Got: {comments[0]}")
    if kind is StatementKind.UNLOAD and any(";" in comment for comment in comments):
        raise InvalidStatementError(f"Only one sql statement is allowed. Got: {text}")


def _classify(text: str, outline: str) -> Statement:
    if _UNLOAD.match(outline):
        return _unload(text, outline)
    if outline.upper().startswith(_QUERY_WORDS):
        return Statement(text, StatementKind.SELECT, query=text)
    if match := _CTAS.match(_flat(outline)):
        options = _options(text[slice(*match.span("options"))])
        guarded = match["guard"] is not None
        return _with_query(text, StatementKind.CTAS, match, options=options, guarded=guarded)
    if match := _VIEW.match(outline):
        return _with_query(text, StatementKind.VIEW, match)
    if match := _INSERT.match(outline):
        columns = (match["columns"] or "")[1:].lstrip().upper()
        query_at = match.start("columns" if columns.startswith(_QUERY_WORDS) else "query")
        return Statement(text, StatementKind.INSERT, query=text[query_at:], name=_slice(text, match, "name"))
    if match := _EXPLAIN.match(outline):
        inner = text[match.start("query") :]
        is_query = inner.upper().startswith(_QUERY_WORDS)
        return Statement(text, StatementKind.EXPLAIN, query=inner if is_query else "")
    for pattern, kind in ((_DROP, StatementKind.DROP), (_SHOW_CREATE_VIEW, StatementKind.SHOW_CREATE_VIEW)):
        if match := pattern.fullmatch(outline):
            plain = text.replace("`", '"')
            return Statement(plain, kind, name=_slice(plain, match, "name"))
    return Statement(text, StatementKind.CATALOG)


def _with_query(
    text: str,
    kind: StatementKind,
    match: re.Match[str],
    *,
    options: dict[str, str] | None = None,
    guarded: bool = False,
) -> Statement:
    return Statement(
        text,
        kind,
        query=text[match.start("query") :],
        name=_slice(text, match, "name"),
        options=options or {},
        guarded=guarded,
    )


def _unload(text: str, outline: str) -> Statement:
    opening = outline.index("(")
    closing = _closing(outline, opening)
    tail = _UNLOAD_TAIL.fullmatch(text[closing + 1 :]) if closing else None
    if tail is None:
        raise InvalidStatementError(
            "line 1:1: UNLOAD reads: UNLOAD (query) TO 's3://bucket/prefix/' WITH (format = 'PARQUET')"
        )
    return Statement(
        text,
        StatementKind.UNLOAD,
        query=text[opening + 1 : closing],
        location=tail["location"],
        options=_options(tail["options"] or ""),
    )


def _options(text: str) -> dict[str, str]:
    """The properties of a WITH clause, each as it was written."""
    return {match[1].lower(): match[2] for match in _OPTION.finditer(text)}


def _slice(text: str, match: re.Match[str], group: str) -> str:
    return text[slice(*match.span(group))]


def _outline(text: str) -> str:
    """The text with what is quoted or commented blanked out, every position kept."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] in "-/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + "x" * (len(found) - 2) + found[-1]

    return _OPAQUE.sub(blank, text)


def _closing(outline: str, opening: int) -> int:
    """Where the parenthesis at `opening` closes; 0 where it does not."""
    depth = 0
    for position in range(opening, len(outline)):
        depth += {"(": 1, ")": -1}.get(outline[position], 0)
        if depth == 0:
            return position
    return 0


def _flat(outline: str) -> str:
    """The outline with nested parentheses blanked, so that `[^)]*` spans a whole list."""
    depth, flat = 0, []
    for character in outline:
        depth -= character == ")"
        flat.append("x" if (depth > 0 and character in "()") or depth > 1 else character)
        depth += character == "("
    return "".join(flat)


def unquote(name: str) -> list[str]:
    """A qualified name's parts, lower-cased as Glue keeps them."""
    return [part.strip('"`').lower() for part in re.findall(r'"[^"]*"|`[^`]*`|[^.]+', name)]
