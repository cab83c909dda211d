"""Where `?` may stand: Athena takes parameters of queries in their WHERE clauses alone, though Trino takes them anywhere.

Source: Amazon Athena User Guide, "Use parameterized queries", considerations and limitations.
"""

import re

from embedded.engine.errors import InvalidStatementError

_WITH_PARAMETERS = ("SELECT", "UNLOAD", "CREATE_TABLE_AS_SELECT", "INSERT")
_TOKEN = re.compile(
    r"[()?]|\b(SELECT|FROM|WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|WINDOW|ON|UNION|INTERSECT|EXCEPT|VALUES|WITH)\b", re.I
)
_ALLOWED = "WHERE"


def check_parameters(statement: str, outline: str) -> None:
    """Raise InvalidStatementError for a `?` outside of a WHERE clause.

    statement is Athena's SubstatementType; outline the text with what is quoted or commented blanked out.
    """
    if "?" not in outline:
        return
    if statement not in _WITH_PARAMETERS:
        supported = "SELECT, INSERT INTO, CTAS and UNLOAD"
        raise InvalidStatementError(f"Parameters are supported only for {supported}, not for {statement}")
    clauses = [""]
    for token in _TOKEN.finditer(outline):
        word = token[0].upper()
        if word == "(":
            clauses.append(clauses[-1])  # a list or a function's arguments belong to the clause that they stand in
        elif word == ")":
            del clauses[max(1, len(clauses) - 1) :]
        elif word != "?":
            clauses[-1] = word
        elif clauses[-1] != _ALLOWED:
            line = outline.count("\n", 0, token.start()) + 1
            column = token.start() - outline.rfind("\n", 0, token.start())
            raise InvalidStatementError(f"line {line}:{column}: Parameters can be placed only in the WHERE clause")
