"""`--leave-out-proven`: the embedded cloud's own tests run only if something that they test has changed since they passed.

A stamp in .outlay/ holds the digest of what they depend on. CI (the variable CI is set) runs them always.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "tests/embedded"
STAMP = ROOT / ".outlay" / "embedded-tests-passed"
LINE = f"{FOLDER} left out: what it tests has not changed since it passed here. To run it: make test ARGS={FOLDER}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--leave-out-proven", action="store_true", help=f"leave out {FOLDER} where nothing changed since it passed"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("leave_out_proven"):
        config.pluginmanager.register(LeftOut(ROOT, STAMP), "left out")


class LeftOut:
    """The decision, the same in each process of a run, and the stamp that a whole run of these tests leaves."""

    def __init__(self, root: Path, stamp: Path) -> None:
        self._folder, self._stamp = root / FOLDER, stamp
        self._digest = _digest([root / "embedded", self._folder, root / "requirements.lock"])
        proven = stamp.exists() and stamp.read_text(encoding="utf-8") == self._digest
        self.is_left_out = proven and not os.environ.get("CI")
        self._outcomes: set[str] = set()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """True for the folder where it is left out, None (no opinion) otherwise."""
        return True if self.is_left_out and collection_path == self._folder else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid.startswith(f"{FOLDER}/"):
            self._outcomes.add(report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Stamp, in the process that sees all reports, if each test ran and passed; a skipped one has proved nothing."""
        config = session.config
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        ran_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.getoption("keyword")
        if ended and ran_all and self._outcomes == {"passed"} and not hasattr(config, "workerinput"):
            self._stamp.parent.mkdir(exist_ok=True)
            self._stamp.write_text(self._digest, encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.is_left_out:
            terminalreporter.write_line(LINE)


def _digest(sources: list[Path]) -> str:
    found = hashlib.sha256(sys.version.encode())
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(f"{path.relative_to(source.parent)}\n".encode() + path.read_bytes())
    return found.hexdigest()
