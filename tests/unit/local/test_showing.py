"""What a query answered, shown: fits its width, cents, tabs, and text from strangers that does nothing."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from local.answer import Answer
from local.showing import cents, print_csv, print_json, show
from local.statements import says_nothing, split_statements

NASTY = "\x1b[2J\u202egnp.exe\x9b31m\u2066\ud800"
"""Clears the screen, turns the direction of writing, colours, isolates, and half a character."""


def shown(answer: Answer, width: int = 80, *, exact: bool = False) -> str:
    out = io.StringIO()
    show(answer, Console(file=out, width=width), exact=exact)
    return out.getvalue()


def wide(columns: int) -> Answer:
    names = tuple((f"column_{n}", "varchar") for n in range(columns))
    return Answer(names, (tuple(f"value {n}" for n in range(columns)),) * 2, 0, 0)


def test_a_result_that_fits_is_a_table_and_one_that_does_not_is_records() -> None:
    assert shown(wide(3)).splitlines()[0].split() == ["column_0", "column_1", "column_2"]
    lines = shown(wide(12)).splitlines()
    assert lines[0] == "row 1"
    assert lines[1].split() == ["column_0", "value", "0"]
    assert lines[13] == "row 2"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_is_cut_and_nothing_is_wider_than_the_terminal(width: int) -> None:
    answer = Answer((("arn", "varchar"), ("n", "integer")), (("a" * 300, "1"),), 0, 0)
    text = shown(answer, width)
    assert text.count("a") - text.count("arn") - text.count("scanned") == 300
    assert all(cell_len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize(
    ("value", "to_the_cent"),
    [
        ("323629.992060326300", "323629.99"),
        ("0.005", "0.01"),
        ("-0.004999999", "-0.0050"),
        ("0.000016666700", "0.000017"),
        ("0.000000000", "0.00"),
        ("-3.00", "-3.00"),
    ],
)
def test_money_is_to_the_cent_and_what_is_less_is_not_nothing(value: str, to_the_cent: str) -> None:
    assert Decimal(cents(value)) == Decimal(to_the_cent)
    columns = (("cost_usd", "decimal(38,9)"), ("_col1", "decimal(38,9)"), ("value", "decimal(38,9)"))
    answer = Answer(columns, ((value, value, value),), 0, 0)
    _, row, *_ = shown(answer).splitlines()
    assert row.split() == [cents(value), cents(value), value]
    assert shown(answer, exact=True).splitlines()[1].split() == [value] * 3


def test_describes_tabs_are_columns() -> None:
    answer = Answer((("col_name\tdata_type\tcomment", "varchar"),), (("a   \tint   \twhat a is",), ("b\tint\t",)), 0, 0)
    lines = [line.strip().split(maxsplit=2) for line in shown(answer).splitlines()[:3]]
    assert lines == [["col_name", "data_type", "comment"], ["a", "int", "what a is"], ["b", "int"]]


def test_text_from_strangers_steers_no_terminal_and_turns_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(((NASTY, "varchar"), ("b", "varchar")), ((NASTY, "x\ty"),), 0, 0)
    print_csv(answer)
    print_json(answer)
    printed = capsys.readouterr().out
    for text in (shown(answer), shown(answer, 10), printed):
        assert not [c for c in text if not c.isprintable() and c != "\n" and c != "\r"]
    print_json(answer)
    assert json.loads(capsys.readouterr().out) == [{NASTY: NASTY, "b": "x\ty"}], "in JSON nothing is lost"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\uff1d1"])
def test_a_formula_is_text_in_csv_and_a_number_stays_one(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(((text, "varchar"), ("n", "decimal(18,2)")), ((text, "-1.50"),), 0, 0)
    print_csv(answer)
    heading, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert heading[0].startswith("'") and row[0].startswith("'")
    assert row[1] == "-1.50"
    print_csv(answer, exact=True)
    assert next(csv.reader(io.StringIO(capsys.readouterr().out)))[0] == text


def test_statements_end_where_sql_says() -> None:
    text = 'select \';\'; select 1 -- ;\n; /* ; */ select "a;""b"'
    assert split_statements(text) == (["select ';'", "select 1 -- ;"], '/* ; */ select "a;""b"')
    assert split_statements("select 'it''s; open") == ([], "select 'it''s; open")
    assert says_nothing(" ; -- x\n/* y */ ")
    assert not says_nothing("select 1")
