"""Text from bills and tags made fit for a terminal."""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """The text with control characters replaced: a tag must not move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else REPLACEMENT for c in text)


def short_arn(text: str) -> str:
    """The text, and where it begins with an ARN only what tells the resource from others."""
    return text.split(":", 5)[5] if text.startswith("arn:") and text.count(":") >= 5 else text
