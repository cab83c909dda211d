"""Values take the places of `?` in SQL, and of nothing that merely looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import ConfigurationError
from lake.sql_text import literal, with_literals

OPAQUE = ["'?'", "'it''s ?'", '"a ? b"', '"a "" ?"', "-- ?\n", "/* ? \n ? */", "x"]


def test_a_question_mark_in_a_select_list_is_replaced_too() -> None:
    sql = "select cast(? as date) as day from t where d <= ?"
    assert with_literals(sql, ["'2026-11-01'", "'2026-11-02'"]) == (
        "select cast('2026-11-01' as date) as day from t where d <= '2026-11-02'"
    )


@given(st.lists(st.sampled_from(OPAQUE) | st.none(), max_size=12))
def test_what_is_quoted_or_commented_stays(pieces: list[str | None]) -> None:
    values = [literal(f"value ? {i}") for i, piece in enumerate(pieces) if piece is None]
    left = iter(values)
    filled = " ".join(next(left) if piece is None else piece for piece in pieces)
    assert with_literals(" ".join(piece or "?" for piece in pieces), values) == filled


@pytest.mark.parametrize("values", [[], ["1", "2"]])
def test_too_few_or_too_many_values_are_refused(values: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=f"has 1 places for a value .* and {len(values)} values were given"):
        with_literals("select '?' from t where a = ?", values)
