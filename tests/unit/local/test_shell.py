"""`outlay shell`: statements over several lines, mistakes that do not end it, and a way out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from lake.errors import OutlayError, QueryError
from local import shell
from local.answer import Answer


class Lake:
    """Answers with the statement itself, and refuses what has a bracket."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, sql: str) -> Answer:
        self.asked.append(sql)
        if "[" in sql:
            raise QueryError("no column [/x]")
        return Answer((("said", "varchar"),), ((sql.replace("\n", " "),),), 0, 0)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(shell, "HOME", tmp_path)
    return Lake()


@pytest.mark.parametrize("leave", ["exit\n", "quit;\n", "\x04"])
def test_it_asks_statement_after_statement_until_one_leaves(
    leave: str, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "select 1;\nselect 2,\n  3\n;\n\nselect [;\nselect half\x03select 4;\n"
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(typed + leave)
        shell.converse(lake.ask, Console())
    assert lake.asked == ["select 1", "select 2,\n  3", "select [", "select 4"]
    told = capsys.readouterr().out
    assert "select 2,   3" in told
    assert "no column [/x]" in told
    assert "+select 1;" in (tmp_path / "shell-history").read_text()


def test_it_completes_the_lakes_own_names() -> None:
    assert {"cost_hourly", "budget_violations", "amortized_cost_usd", "select"} <= shell._names()


def test_a_script_is_asked_statement_by_statement_and_the_last_may_lack_its_semicolon(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "select ';' as a; -- not; this\nselect 2 /* nor; this */;\n;\nselect \"x;y\"\n"
    shell.run_script(io.StringIO(script), lake.ask, Console())
    assert lake.asked == ["select ';' as a", "-- not; this\nselect 2 /* nor; this */", 'select "x;y"']
    assert "select ';' as a" in capsys.readouterr().out


def test_a_script_ends_at_the_statement_that_fails_and_names_it(lake: Lake) -> None:
    with pytest.raises(OutlayError, match=r"^statement 2: no column \[/x\]$"):
        shell.run_script(io.StringIO("select 1; select [; select 3;"), lake.ask, Console())
    assert lake.asked == ["select 1", "select ["]
