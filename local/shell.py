"""`outlay shell`: a prompt for Athena SQL with history and completion of the lake's own names, or a script of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from lake.errors import OutlayError, QueryError
from local.answer import Answer
from local.asking import OpenLake
from local.home import HOME, ROOT
from local.report.plain import printable
from local.showing import show
from local.statements import says_nothing, split_statements

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

WORDS = ("select", "from", "where", "group by", "order by", "limit", "with", "join", "on", "count", "sum", "show tables")
Ask = Callable[[str], Answer]


def run_shell() -> None:
    """Ask until the person leaves (Ctrl-D or exit), or the script that is piped in ends.

    Raises OutlayError at the first statement of a script that fails.
    """
    console = Console()
    if sys.stdin.isatty():
        with console.status("opening the lake …"):
            OpenLake().ask("select 1")
        converse(OpenLake().ask, console)
    else:
        run_script(sys.stdin, OpenLake().ask, console)


def run_script(script: TextIO, ask: Ask, console: Console) -> None:
    """Answer each statement of a script; the last one may lack its `;`. Raises OutlayError at the first that fails."""
    statements, rest = split_statements(script.read())
    for number, statement in enumerate([*statements, rest], start=1):
        if says_nothing(statement):
            continue
        try:
            show(ask(statement), console)
        except QueryError as error:
            raise OutlayError(f"statement {number}: {error}") from error


def converse(ask: Ask, console: Console) -> None:
    """Ask statement after statement, each of which ends with `;` and may take several lines."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(HOME / "shell-history")), completer=WordCompleter(list(_names()), ignore_case=True)
    )
    console.print("Athena SQL; end a statement with [bold];[/bold], leave with [bold]exit[/bold] or Ctrl-D.")
    while (statements := _statements(session)) is not None:
        for statement in statements:
            if not says_nothing(statement):
                _answer(ask, statement, console)


def _names() -> set[str]:
    from infra.catalog_parser import parse_catalog

    catalog = parse_catalog(ROOT / "sql")
    columns = {column.name for relation in catalog.relations for column in relation.columns}
    return {relation.name for relation in catalog.relations} | columns | set(WORDS)


def _statements(session: PromptSession[str]) -> list[str] | None:
    """The next statements without their `;`; None when the person leaves."""
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("outlay> " if not lines else "     -> ")
        except KeyboardInterrupt:
            return []
        except EOFError:
            return None
        if not lines and line.strip().lower() in ("exit", "quit", "exit;", "quit;"):
            return None
        lines.append(line)
        statements, rest = split_statements("\n".join(lines))
        if says_nothing(rest):
            return statements


def _answer(ask: Ask, statement: str, console: Console) -> None:
    try:
        show(ask(statement), console)
    except QueryError as error:
        console.print(Text(printable(str(error)), "red"))
    except KeyboardInterrupt:
        console.print(Text("cancelled", "red"))
