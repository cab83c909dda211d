"""Names and values enter SQL through one path, and come back from the engine as they went in."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.errors import ConfigurationError
from lake.sql_text import identifier, literal, visible_literal
from tests.support.lake_on_trino import TrinoLake

NASTY = ["'", "''", "'; drop table x; --", "\\", "\n\r\t", "?", "%s", "ünï", "😀", "\u2028", "${x}", "{0}", "/* */", '"']
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(TEXT, min_size=1, max_size=60))
def test_any_text_comes_back_from_the_engine_unchanged(lake: TrinoLake, values: list[str]) -> None:
    values = [*values, *NASTY]
    listed = ", ".join(f"({i}, to_hex(to_utf8({literal(value)})))" for i, value in enumerate(values))
    rows = lake.rows(f"select text from (values {listed}) as t (i, text) order by i")
    assert [bytes.fromhex(row["text"] or "").decode() for row in rows] == values


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(ANY_TEXT, min_size=1, max_size=60))
def test_any_text_that_people_paste_comes_back_and_can_be_seen(lake: TrinoLake, values: list[str]) -> None:
    values = [*values, *NASTY, "\x00", "`", "a\u202eb\u200b", ""]
    written = [visible_literal(value) for value in values]
    assert all(text.isprintable() or not set(text) & set("\x00\n\t`\u202e\u200b\u2028") for text in written)
    listed = ", ".join(f"({i}, to_hex(to_utf8({text})))" for i, text in enumerate(written))
    rows = lake.rows(f"select text from (values {listed}) as t (i, text) order by i")
    assert [bytes.fromhex(row["text"] or "").decode() for row in rows] == values


@given(TEXT.filter(lambda text: not text.isidentifier()))
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name"):
        identifier(text)


def test_a_value_with_nul_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="NUL"):
        literal("a\x00b")
