"""`--timings N`: after the run, the N slowest tests and the seconds that each folder took on its workers."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--timings", type=int, default=0, metavar="N", help="show the N slowest tests and seconds by folder")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("timings") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Timings(config.getoption("timings")), "timings")


class Timings:
    """Seconds by test, fixtures included: who asks first for a fixture that all share is charged with it."""

    def __init__(self, slowest: int) -> None:
        self._slowest = slowest
        self._seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration  # type: ignore[assignment]  # seconds are counted in parts, too

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        folders: Counter[str] = Counter()
        tests: Counter[str] = Counter()
        for nodeid, seconds in self._seconds.items():
            folders[folder(nodeid)] += seconds  # type: ignore[assignment]
            tests[folder(nodeid)] += 1
        terminalreporter.section("where the time went: seconds on a worker")
        for name, seconds in folders.most_common():
            terminalreporter.write_line(f"{seconds:8.1f}  {name} ({tests[name]} tests)")
        terminalreporter.write_line("")
        for nodeid, seconds in self._seconds.most_common(self._slowest):
            terminalreporter.write_line(f"{seconds:8.1f}  {nodeid}")


def folder(nodeid: str) -> str:
    """tests/unit for tests/unit/lake/test_writer.py::test_x; tests for a module that lies in tests/ itself."""
    return str(PurePosixPath(*PurePosixPath(nodeid.partition("::")[0]).parent.parts[:2]))
