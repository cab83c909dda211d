"""Text from outside, made safe for every encoder."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with U+FFFD for each lone surrogate: JSON may hold one, and neither UTF-8 nor Parquet can."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
