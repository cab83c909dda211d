"""Words for Slack: amounts, periods, and names that were chosen by strangers (tag values) made harmless.

Slack's markup is escaped as Slack asks (& < >). What it cannot escape is taken out or put in code spans, within which it
formats nothing: a tag value can neither ring a channel, nor pose as a link, nor break the layout.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
NAME_LENGTH = 80
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_LOOKS_LIKE_BACKTICK = "\u02cb"
_BREAK = "\u2060"
"""Word joiner: invisible, and enough to stop Slack from reading @channel."""


def money_text(usd: Decimal) -> str:
    """An amount as $1,234.56. What rounds to nothing, and is not nothing, is `under $0.01`."""
    rounded = abs(usd).quantize(CENT, ROUND_HALF_UP)
    if not rounded and usd:
        return "under $0.01"
    return f"{'-' if usd < 0 else ''}${rounded:,.2f}"


def per_cent(part: Decimal, whole: Decimal) -> str | None:
    """The share of part in whole, such as +12%; None where there is no whole to compare with."""
    return f"{part / whole * 100:+,.0f}%" if whole > 0 else None


def period(first: date, last: date) -> str:
    """Days in words, such as 20 Nov 2026; ranges share what they can of month and year."""
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\u2013{end}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} \u2013 {end}"


def in_period(first: date, last: date) -> str:
    """The period with its preposition."""
    return f"{'on' if first == last else 'in'} {period(first, last)}"


def shortened(value: str, length: int = NAME_LENGTH) -> str:
    """One visible line of at most length characters, as plain text: invisible and control characters become spaces."""
    visible = "".join(" " if unicodedata.category(char) in _INVISIBLE else char for char in value)
    line = " ".join(visible.split())
    return line if len(line) <= length else line[: length - 1] + "\u2026"


def escaped(value: str) -> str:
    """Text with Slack's three control characters escaped and mentions stopped."""
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "@" + _BREAK)


def plain(value: str, length: int = NAME_LENGTH) -> str:
    """A stranger's text where no markup is read. Backticks become the modifier letter that looks like one."""
    return escaped(shortened(value, length)).replace("`", _LOOKS_LIKE_BACKTICK) or "-"


def code(value: str, length: int = NAME_LENGTH) -> str:
    """A stranger's text as a code span."""
    return f"`{plain(value, length)}`"


def cut(text: str, length: int) -> str:
    """Escaped text of at most length characters, never cut inside an entity such as &amp;."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    ampersand = kept.rfind("&", max(0, len(kept) - 5))
    if ampersand >= 0 and ";" not in kept[ampersand:]:
        kept = kept[:ampersand]
    return kept + "\u2026"
