"""Takes the comments out of SQL that is sent to Athena as a view or an UNLOAD, where it was seen to refuse them."""

from __future__ import annotations

import re

_QUOTED_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def without_comments(sql: str) -> str:
    """The SQL without its comments, and without the blank lines that they leave; what is quoted stays as it is."""
    bare = _QUOTED_OR_COMMENT.sub(lambda found: " " if found[0].startswith(("--", "/*")) else found[0], sql)
    return "\n".join(line.rstrip() for line in bare.splitlines() if line.strip())
