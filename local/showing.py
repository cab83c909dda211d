"""Shows what a query answered: as a table, as records where a table would not fit, as CSV or as JSON.

Text in an answer comes from strangers (tags, names of resources). On a terminal and in CSV, characters that steer a
terminal or turn the direction of writing are replaced; in JSON they are escaped, which loses nothing.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.answer import FLOATS, INTEGERS, NUMBERS, Answer
from local.report.plain import printable

GAP = 2
CENT = Decimal("0.01")
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
"""What a spreadsheet takes for the beginning of a formula."""
_MONEY = re.compile(r"(^|_)(usd|cost|spend|col\d+)($|_)", re.IGNORECASE)
"""Columns of money by their names; _col0 and the like are sums that were given none."""
_MONEY_SCALE = 9
Cell = tuple[str, str]
"""A value's text and its style."""


def show(answer: Answer, console: Console, *, exact: bool = False) -> None:
    """Rows as a table, or where that is wider than the terminal as records; then one line on what it took.

    exact: money to its last digit, not to the cent.
    """
    answer = _in_columns(answer)
    rows = [[_cell(value, column, exact) for value, column in zip(row, answer.columns, strict=True)] for row in answer.rows]
    names = [printable(name) for name, _ in answer.columns]
    widths = [max([cell_len(name), *(_width(row[at][0]) for row in rows)]) for at, name in enumerate(names)]
    if sum(widths) + GAP * (len(widths) - 1) <= console.width:
        _show_table(answer, names, rows, console)
    else:
        _show_records(names, rows, console)
    count = f"{len(answer.rows):,} row{'' if len(answer.rows) == 1 else 's'}"
    console.print(f"[dim]{count} · {answer.scanned_bytes:,} bytes scanned · {answer.milliseconds / 1000:.2f} s[/dim]")


def _in_columns(answer: Answer) -> Answer:
    """The answer of DESCRIBE, which Athena gives as one column of text with tabs, in columns."""
    if len(answer.columns) != 1 or "\t" not in answer.columns[0][0]:
        return answer
    ((names, kind),) = answer.columns
    columns = tuple((name.strip(), kind) for name in names.split("\t"))
    rows = [[part.strip() for part in (row[0] or "").split("\t", len(columns) - 1)] for row in answer.rows]
    whole = tuple(tuple(row + [""] * (len(columns) - len(row))) for row in rows)
    return Answer(columns, whole, answer.scanned_bytes, answer.milliseconds)


def _cell(value: str | None, column: tuple[str, str], exact: bool) -> Cell:
    if value is None:
        return "null", "dim"
    name, kind = column
    if not exact and kind.startswith("decimal") and _is_money(name, kind):
        return cents(value), ""
    return printable(value.expandtabs(4)), ""


def _is_money(name: str, kind: str) -> bool:
    scale = re.search(r",\s*(\d+)\)", kind)
    return bool(_MONEY.search(name)) and (scale is None or int(scale[1]) >= _MONEY_SCALE)


def cents(value: str) -> str:
    """An amount to the cent; what would round to nothing keeps its first two digits."""
    amount = Decimal(value)
    rounded = amount.quantize(CENT, ROUND_HALF_UP)
    if rounded or not amount:
        return format(abs(rounded) if not amount else rounded, "f")
    return format(amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1), ROUND_HALF_UP), "f")


def _width(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _show_table(answer: Answer, names: Sequence[str], rows: Sequence[Sequence[Cell]], console: Console) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for name, (_, kind) in zip(names, answer.columns, strict=True):
        table.add_column(Text(name), justify="right" if kind.split("(")[0] in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text, style) for text, style in row))
    console.print(table)


def _show_records(names: Sequence[str], rows: Sequence[Sequence[Cell]], console: Console) -> None:
    """A line for each value, behind its column's name; values are folded, never cut."""
    for number, row in enumerate(rows, start=1):
        console.print(Text(f"row {number}", "bold"))
        table = Table.grid(padding=(0, GAP, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, (text, style) in zip(names, row, strict=True):
            table.add_row(Text(name, "dim"), Text(text, style))
        console.print(table)


def print_csv(answer: Answer, *, exact: bool = False) -> None:
    """Rows as CSV with a heading on standard output; null is an empty field. Numbers keep every digit.

    Text that a spreadsheet would take for a formula gets an apostrophe in front. exact: text as it is.
    """
    answer = _in_columns(answer)
    writer = csv.writer(sys.stdout)
    writer.writerow([_csv_text(name, exact) for name, _ in answer.columns])
    for row in answer.rows:
        writer.writerow(
            value if value is None or kind.split("(")[0] in NUMBERS else _csv_text(value, exact)
            for value, (_, kind) in zip(row, answer.columns, strict=True)
        )


def _csv_text(text: str, exact: bool) -> str:
    if exact:
        return text
    return printable(f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text)


def print_json(answer: Answer) -> None:
    """Rows as a JSON list of objects on standard output.

    Decimals are strings, so that they keep their digits; so are NaN and Infinity, for which JSON has no number.
    """
    answer = _in_columns(answer)
    rows = [
        {name: _json_value(kind, cell) for (name, kind), cell in zip(answer.columns, row, strict=True)}
        for row in answer.rows
    ]
    text = json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text) + "\n")


def _json_value(kind: str, cell: str | None) -> str | int | float | bool | None:
    if cell is None:
        return None
    if kind in INTEGERS:
        return int(cell)
    if kind in FLOATS and math.isfinite(float(cell)):
        return float(cell)
    return cell == "true" if kind == "boolean" else cell
