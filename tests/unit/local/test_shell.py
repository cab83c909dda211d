"""`outlay shell`: statements over several lines, mistakes that do not end it, and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from lake.errors import QueryError
from local import shell
from local.lake_sql import Answer


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
    found = Lake()

    @contextmanager
    def open_lake() -> Iterator[Lake]:
        yield found

    monkeypatch.setattr(shell, "open_lake", open_lake)
    monkeypatch.setattr(shell, "HOME", tmp_path)
    return found


@pytest.mark.parametrize("leave", ["exit\n", "quit;\n", "\x04"])
def test_it_asks_statement_after_statement_until_one_leaves(
    leave: str, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "select 1;\nselect 2,\n  3\n;\n\nselect [;\nselect half\x03select 4;\n"
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(typed + leave)
        shell.run_shell()
    assert lake.asked == ["select 1", "select 2,\n  3\n", "select [", "select 4"]
    told = capsys.readouterr().out
    assert "select 2,   3" in told
    assert "no column [/x]" in told
    assert "+select 1;" in (tmp_path / "shell-history").read_text()


def test_it_completes_the_lakes_own_names() -> None:
    assert {"cost_hourly", "budget_violations", "amortized_cost_usd", "select"} <= shell._names()
