"""Ctrl-C during `outlay run`: it ends soon, says so once, and leaves no process behind."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.home import current_lake, new_lake

OUTLAY = Path(sys.executable).with_name("outlay")
PATIENCE_S = 120
SOON_S = 10
"""It takes a second; a machine that runs tests beside it may need more."""
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc")


@pytest.mark.parametrize(
    ("step", "children"),
    [
        ("synthesizing", {"embedded.engine.server", "embedded.cloud.server", "node"}),
        pytest.param("deploying", {"embedded.cloud.server"}, marks=pytest.mark.exhaustive),
        pytest.param("running", {"handlers.collect.handler", "handlers.bills.handler"}, marks=pytest.mark.exhaustive),
        pytest.param("building", {"handlers.rollup.handler"}, marks=pytest.mark.exhaustive),
        pytest.param("telling", {"handlers.notify.handler"}, marks=pytest.mark.exhaustive),
        pytest.param("gathering", {"embedded.cloud.server"}, marks=pytest.mark.exhaustive),
    ],
)
def test_ctrl_c_ends_a_run_with_all_that_it_started(step: str, children: set[str], tmp_path: Path) -> None:
    environment = os.environ | {"OUTLAY_HOME": str(tmp_path)}
    with new_lake(tmp_path) as good:
        (good / "report.html").write_text("good")
    command = [str(OUTLAY), "run"]
    run = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _wait_for(step, run)
        _wait_until_running(children, tmp_path)
        interrupted = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        out, told = run.communicate(timeout=SOON_S)
    finally:
        run.kill()
    assert time.monotonic() - interrupted < SOON_S
    assert (run.returncode, out, told.splitlines()[-2:]) == (130, "", ["", "interrupted"])
    assert "Traceback" not in told
    deadline = time.monotonic() + SOON_S
    while _processes(tmp_path) and time.monotonic() < deadline:  # functions that were just starting end by themselves
        time.sleep(0.1)
    assert _processes(tmp_path) == []
    assert current_lake(tmp_path) == good, "the last good lake stands"
    assert (tmp_path / "report.html").read_text() == "good"
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _wait_for(step: str, run: subprocess.Popen[str]) -> None:
    assert run.stderr is not None
    assert any(step in line for line in run.stderr), f"the run ended before {step}"


def _wait_until_running(wanted: set[str], home: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while missing := {name for name in wanted if not any(name in command for command in _processes(home))}:
        assert time.monotonic() < deadline, f"not started: {missing}"
        time.sleep(0.05)


def _processes(home: Path) -> list[str]:
    """The commands of all processes that know the run's folder, from their arguments or their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if os.fsencode(home) in command + (process / "environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found
