"""Finds where SQL statements end: at a `;` that stands neither in a string, nor in a quoted name, nor in a comment."""

from __future__ import annotations

import re

_OPAQUE = re.compile(r"'(?:[^']|'')*(?:'|$)|\"(?:[^\"]|\"\")*(?:\"|$)|--[^\n]*|/\*.*?(?:\*/|$)|;", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def split_statements(text: str) -> tuple[list[str], str]:
    """The statements that end in text, without their `;`, and what follows the last of them."""
    statements, begin = [], 0
    for found in _OPAQUE.finditer(text):
        if found[0] == ";":
            statements.append(text[begin : found.start()].strip())
            begin = found.end()
    return [statement for statement in statements if statement], text[begin:].strip()


def says_nothing(text: str) -> bool:
    """Whether a text holds no statement: only blanks, comments and `;`."""
    return not _COMMENT.sub("", text).replace(";", "").strip()
