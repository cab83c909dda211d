"""`--checks`: `make check` runs beside the tests; what it finds is shown whole after them, and fails the run."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("make", "--keep-going", "--no-print-directory", "check")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--checks", action="store_true", help="run `make check` beside the tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("checks") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ChecksBeside(), "checks beside")


class ChecksBeside:
    """The checks of one run; they end when it ends."""

    def __init__(self) -> None:
        # Ctrl-C reaches the checks as it reaches us: they stay in our process group.
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in pytest_unconfigure
        self._process = subprocess.Popen(COMMAND, cwd=ROOT, stdout=self._output, stderr=subprocess.STDOUT)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Wait for the checks, unless the run was broken off. Their failure is the run's."""
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and self._process.wait():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._process.poll():
            self._output.seek(0)
            terminalreporter.section("make check failed", red=True)
            terminalreporter.write_line(self._output.read())
        elif self._process.returncode == 0:
            terminalreporter.write_line("make check: style, types and imports are well")

    def pytest_unconfigure(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._output.close()
