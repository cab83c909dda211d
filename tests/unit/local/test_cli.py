"""The `outlay` command as a person or a script meets it: its help, its exit status, and what it prints where."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from embedded.cloud import CloudError, StateError
from embedded.cloud.embedded import EmbeddedCloud
from embedded.engine.errors import EngineError
from lake.errors import OutlayError
from local import asking, doctor, main_job
from local.answer import Answer
from local.cli import cli, main
from local.home import ROOT
from local.lake_sql import LakeSql
from tests.support.lake_on_trino import TrinoLake

BRACKETS = "[q3] ends in [/x], :warning: and \\[" + " far beyond the width of a terminal" * 4
VALUES = """
    select * from (values
        (1, decimal '0.10', 2.5e0, true, '[b]bold[/b], "x"', cast(null as varchar)),
        (2, decimal '-3.00', nan(), false, '', 'b')
    ) as t (n, usd, ratio, flag, "[i]name", missing)
    order by n
"""


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.fixture
def opened(lake: TrinoLake, cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> TrinoLake:
    """A lake of the test's own, in place of the one that a run left."""

    def ask(self: asking.OpenLake, sql: str) -> Answer:
        return LakeSql(cloud.client("athena"), "outlay", lake.environment.database("outlay")).ask(sql)

    monkeypatch.setattr(asking.OpenLake, "ask", ask)
    return lake


def test_help_names_each_command_in_a_whole_sentence() -> None:
    text = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    lines = [line.split(maxsplit=1) for line in text.partition("Commands:")[2].splitlines() if line.strip()]
    assert [name for name, _ in lines] == ["doctor", "queries", "query", "run", "shell", "slack", "stop"]
    assert all(meaning.endswith(".") and not meaning.endswith("...") for _, meaning in lines)


@pytest.mark.parametrize("kind", [OutlayError, CloudError, StateError, EngineError])
def test_what_failed_is_told_on_one_line_as_it_is_and_the_status_is_1(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main_job, "main_job", raising(kind(BRACKETS)))
    assert main(["run"]) == 1
    assert capsys.readouterr() == ("", f"error: {BRACKETS}\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_is_one_word_and_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main_job, "main_job", raising(error))
    assert main(["run"]) == 130
    out, told = capsys.readouterr()
    assert (out, told.strip()) == ("", "interrupted")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--loud"],
        ["query"],
        ["query", ""],
        ["query", " -- x\n ; "],
        ["query", "--json", "--csv", "select 1"],
        ["query", "--saved", "untagged_spend", "select 1"],
        ["nothing"],
        ["doctor", "--aws", "no-such-folder"],
    ],
)
def test_a_wrong_call_is_2_and_says_what_is_wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Error:" in capsys.readouterr().err


@pytest.mark.parametrize("well", [True, False])
def test_doctor_fails_where_something_must_be_mended(well: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "doctor", lambda config, console, smoke: well)
    assert main(["doctor"]) == (0 if well else 1)


@pytest.mark.parametrize(("flags", "form"), [([], "summary"), (["--quiet"], "brief"), (["--json", "--quiet"], "json")])
def test_progress_is_for_those_who_did_not_ask_for_quiet(
    flags: list[str], form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = []

    def job(bill: object, step: Callable[[str], None], form: str) -> None:
        step("working on [lake]")
        forms.append(form)

    monkeypatch.setattr(main_job, "main_job", job)
    assert main(["run", *flags]) == 0
    assert forms == [form]
    assert ("working on [lake]" in capsys.readouterr().err) == (form == "summary")


def test_a_query_as_json_keeps_digits_and_types(opened: TrinoLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--json", VALUES]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"n": 1, "usd": "0.10", "ratio": 2.5, "flag": True, "[i]name": '[b]bold[/b], "x"', "missing": None},
        {"n": 2, "usd": "-3.00", "ratio": "NaN", "flag": False, "[i]name": "", "missing": "b"},
    ]


def test_a_query_as_csv_reads_back(opened: TrinoLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--csv", VALUES]) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        ["n", "usd", "ratio", "flag", "[i]name", "missing"],
        ["1", "0.10", "2.5", "true", '[b]bold[/b], "x"', ""],
        ["2", "-3.00", "NaN", "false", "", "b"],
    ]


def test_a_query_as_a_table_shows_brackets_and_nulls_and_what_it_took(
    opened: TrinoLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", VALUES]) == 0
    heading, first, *_, took = capsys.readouterr().out.splitlines()
    assert "[i]name" in heading
    assert '[b]bold[/b], "x"' in first and "null" in first
    assert took.startswith("2 rows · 0 bytes scanned · ")


def test_more_than_a_page_of_rows_is_all_of_them(opened: TrinoLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--csv", "select n from unnest(sequence(1, 2500)) as t (n) order by n"]) == 0
    assert capsys.readouterr().out.split() == ["n", *map(str, range(1, 2501))]


@pytest.mark.parametrize(
    ("sql", "told"),
    [("selec 1", "not supported"), ('select "[no]"', "'[no]' cannot be resolved"), ("select 1 / 0", "DIVISION")],
)
def test_a_query_that_athena_refuses_is_told_in_its_words(
    sql: str, told: str, opened: TrinoLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", sql]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert told in error


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert f'version = "{capsys.readouterr().out.split()[-1]}"' in (ROOT / "pyproject.toml").read_text()


def test_saved_queries_are_listed_with_what_they_answer_and_asked_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ask(self: asking.OpenLake, sql: str) -> Answer:
        asked.append(sql)
        return Answer((("a", "integer"),), (("1",),), 0, 0)

    monkeypatch.setattr(asking.OpenLake, "ask", ask)
    assert main(["queries"]) == 0
    listed = capsys.readouterr().out
    files = sorted(path.stem for path in ROOT.glob("sql/*/queries/*.sql"))
    assert [line for line in listed.splitlines() if not line.startswith(" ")] == files
    assert "without naming a customer" in " ".join(listed.split())
    assert main(["query", "--saved", "untagged_spend", "--csv"]) == 0
    assert asked == [(ROOT / "sql/outlay/queries/untagged_spend.sql").read_text()]
    assert main(["query", "--saved", "no_such"]) == 1
    assert "there is no saved query no_such; choose from: " in capsys.readouterr().err


def test_what_is_piped_to_a_reader_that_stops_is_no_failure_with_a_traceback() -> None:
    command = f"{sys.executable} -m local.cli --help | true"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
