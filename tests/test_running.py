"""How the tests themselves run: what is left out and when, what fails a run, what a run leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.left_out import FOLDER, LeftOut
from tests.support.scheduling import ByFileAndFolder
from tests.support.timings import folder

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As much of a checkout as decides what is left out."""
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "embedded").mkdir()
    (tmp_path / "embedded" / "server.py").write_text("1")
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "test_server.py").write_text("1")
    (tmp_path / "requirements.lock").write_text("moto==1")
    return tmp_path


def left_out(checkout: Path) -> LeftOut:
    return LeftOut(checkout, checkout / "stamp")


def run(checkout: Path, *outcomes: str, status: int = 0, source: str = "TESTPATHS", keyword: str = "") -> None:
    """A run in which the embedded cloud's tests end so."""
    config = SimpleNamespace(args_source=pytest.Config.ArgsSource[source], getoption=lambda name: {"keyword": keyword}[name])
    one = left_out(checkout)
    for outcome in outcomes:
        one.pytest_runtest_logreport(SimpleNamespace(nodeid=f"{FOLDER}/test_server.py::test_it", outcome=outcome))  # type: ignore[arg-type]
    one.pytest_sessionfinish(SimpleNamespace(config=config), status)  # type: ignore[arg-type]


def test_what_passed_is_left_out_until_something_that_it_tests_changes(checkout: Path) -> None:
    assert not left_out(checkout).is_left_out
    run(checkout, "passed", "passed")
    assert left_out(checkout).is_left_out
    assert left_out(checkout).pytest_ignore_collect(checkout / FOLDER) is True
    assert left_out(checkout).pytest_ignore_collect(checkout / "tests") is None
    for changed in ("embedded/server.py", f"{FOLDER}/test_server.py", "requirements.lock"):
        before = (checkout / changed).read_text()
        (checkout / changed).write_text("2")
        assert not left_out(checkout).is_left_out, changed
        (checkout / changed).write_text(before)
    assert left_out(checkout).is_left_out


def test_in_ci_nothing_is_left_out(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(checkout, "passed")
    monkeypatch.setenv("CI", "1")
    assert not left_out(checkout).is_left_out


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [(("passed", "failed"), 1), (("passed", "skipped"), 0), ((), 0), (("passed",), pytest.ExitCode.INTERRUPTED)],
    ids=["one failed", "one was skipped", "none ran", "broken off"],
)
def test_what_has_not_passed_whole_is_not_left_out(checkout: Path, outcomes: tuple[str, ...], status: int) -> None:
    run(checkout, *outcomes, status=status)
    assert not left_out(checkout).is_left_out


@pytest.mark.parametrize("part", [{"source": "ARGS"}, {"keyword": "guard"}], ids=["one file", "-k"])
def test_a_part_that_passed_proves_nothing_of_the_rest(checkout: Path, part: dict[str, str]) -> None:
    run(checkout, "passed", **part)  # type: ignore[arg-type]
    assert not left_out(checkout).is_left_out


def test_seconds_are_counted_by_the_folder_that_says_what_a_test_costs() -> None:
    assert folder("tests/engine/sql/test_anomalies.py::test_x[a/b]") == "tests/engine"
    assert folder("tests/test_docs.py::test_x") == "tests"


def test_the_embedded_engines_tests_share_a_worker_and_other_files_do_not(pytestconfig: pytest.Config) -> None:
    split: Any = ByFileAndFolder.__new__(ByFileAndFolder)._split_scope
    assert split("tests/embedded/engine/test_text.py::a") == split("tests/embedded/engine/test_queries.py::b")
    assert split("tests/engine/sql/test_windows.py::a") != split("tests/engine/sql/test_coverage.py::b")


def test_a_check_that_fails_is_shown_whole_and_fails_the_run(tmp_path: Path) -> None:
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\necho first finding\nsleep .2\necho last finding\nexit 2\n")
    make.chmod(0o755)
    done = pytest_run("--checks", "tests/test_data_names_nobody.py", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1, done.stdout
    assert "first finding\nlast finding" in done.stdout


def pytest_run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("ended_by", [None, signal.SIGINT, signal.SIGKILL], ids=["its end", "Ctrl-C", "kill -9"])
def test_the_shared_engine_ends_with_the_run(ended_by: signal.Signals | None, tmp_path: Path) -> None:
    """Two workers use one engine, and however the run ends, none is left a few seconds later."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "-q",
        "tests/engine/sql/test_coverage.py",
        "tests/engine/sql/test_cost_hourly.py",
    ]
    with (tmp_path / "out").open("w") as out:
        controller = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True, env=os.environ | {"TMPDIR": str(tmp_path)}
        )
        if ended_by is None:
            controller.wait(300)
            assert "passed" in (tmp_path / "out").read_text()
        else:
            until(lambda: bool(engines(tmp_path)))
            assert len(engines(tmp_path)) == 1
            controller.send_signal(ended_by)
            controller.wait(120)
    until(lambda: not processes("embedded.", tmp_path))


def engines(home: Path) -> list[str]:
    return processes("embedded.engine.server", home)


def processes(module: str, home: Path) -> list[str]:
    """The processes of engines and clouds whose state lies below a folder."""
    lines = map(command_line, Path("/proc").glob("[0-9]*/cmdline"))
    return [line for line in lines if f"-m {module}" in line and str(home) in line]


def command_line(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""  # the process has ended meanwhile


def until(condition: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
