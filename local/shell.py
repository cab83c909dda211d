"""`outlay shell`: a prompt for Athena SQL with history and completion of the lake's own names."""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory
from rich.console import Console
from rich.text import Text

from infra.catalog_parser import parse_catalog
from lake.errors import QueryError
from local.lake_sql import LakeSql, open_lake, show
from local.report.plain import printable
from local.run import HOME, ROOT

WORDS = ("select", "from", "where", "group by", "order by", "limit", "with", "join", "on", "count", "sum", "show tables")


def run_shell() -> None:
    """Ask until the person leaves (Ctrl-D or exit). A statement ends with `;` and may take several lines."""
    console = Console()
    console.print("[dim]opening the lake …[/dim]")
    with open_lake() as lake:
        session: PromptSession[str] = PromptSession(
            history=FileHistory(str(HOME / "shell-history")), completer=WordCompleter(list(_names()), ignore_case=True)
        )
        console.print("Athena SQL; end a statement with [bold];[/bold], leave with [bold]exit[/bold] or Ctrl-D.")
        while (statement := _statement(session)) is not None:
            if statement:
                _answer(lake, statement, console)


def _names() -> set[str]:
    catalog = parse_catalog(ROOT / "sql")
    columns = {column.name for relation in catalog.relations for column in relation.columns}
    return {relation.name for relation in catalog.relations} | columns | set(WORDS)


def _statement(session: PromptSession[str]) -> str | None:
    """The next statement without its `;`; None when the person leaves."""
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("outlay> " if not lines else "     -> ")
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None
        if not lines and line.strip().lower() in ("exit", "quit", "exit;", "quit;"):
            return None
        lines.append(line)
        text = "\n".join(lines).strip()
        if not text:
            return ""
        if text.endswith(";"):
            return text[:-1]


def _answer(lake: LakeSql, statement: str, console: Console) -> None:
    try:
        show(lake.ask(statement), console)
    except QueryError as error:
        console.print(Text(printable(str(error)), "red"))
