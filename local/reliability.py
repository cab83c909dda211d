"""docs/reliability.md, made from the fault tests: `python -m local.reliability` writes it, a test keeps it true.

Each test of tests/deployed that carries the marker `fault` is a row; only collecting them is needed, nothing is deployed.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "reliability.md"
TESTS = "tests/deployed"
_TITLES = {
    "test_apis": "API answers",
    "test_events": "Events, clocks and time",
    "test_kills": "Functions that are killed",
    "test_bills": "Bills and their rows",
    "test_storage": "Storage and catalog",
    "test_athena": "Queries",
    "test_slack": "Slack",
    "test_accidents": "Accidents and attacks",
}

_INTRODUCTION = """\
# Reliability

Failure modes and recovery: {count} faults, how each is reported, and what repairs it. Each is a test over the deployed
template, through the public path: an event goes in; rows, alarms and messages come out. The tests count rows and dollars:
none is lost, none doubled. Made by `python -m local.reliability` from `tests/deployed`; edit the tests, not this page.

An event that fails is tried three times; then it becomes a message in the dead-letter queue of its group, whose alarm goes
off. A scan or bill that fails is a row of `collector_runs`, and stops no other. What is published stays until a complete
replacement is published. One thing cannot be had: Slack has no way to accept a message only once, so a message that a
notifier sent just before it was killed is sent again.
"""


@dataclass(frozen=True)
class Row:
    """One fault, as its test declares it."""

    module: str
    test: str
    what: str
    reported: str
    repaired: str


class Collected:
    """A pytest plugin that keeps the rows of what was collected."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take every marker `fault`."""
        for item in session.items:
            for marker in item.iter_markers("fault"):
                module = Path(str(item.path)).stem
                self.rows.append(Row(module, item.name.partition("[")[0], **marker.kwargs))


def collect() -> list[Row]:
    """The rows of all fault tests. Raises RuntimeError with pytest's words where they cannot be collected."""
    collected, said = Collected(), io.StringIO()
    arguments = ["--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(ROOT / TESTS)]
    with contextlib.redirect_stdout(said):
        status = pytest.main(arguments, plugins=[collected])
    if status:
        raise RuntimeError(f"the fault tests cannot be collected:\n{said.getvalue()}")
    return collected.rows


def document(rows: Sequence[Row]) -> str:
    """The page: a table for each module of tests."""
    return (
        "\n".join(
            [_INTRODUCTION.format(count=len(rows)), *(line for module in _modules(rows) for line in _table(module, rows))]
        )
        + "\n"
    )


def _modules(rows: Sequence[Row]) -> list[str]:
    found = dict.fromkeys(row.module for row in rows)
    return sorted(found, key=lambda module: [*_TITLES, module].index(module))


def _table(module: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"## {_TITLES.get(module, module)}\n"
    yield "| fault | what is reported | what repairs it | test |\n|---|---|---|---|"
    for row in rows:
        if row.module == module:
            cells = (row.what, row.reported, row.repaired, f"`{row.test}`")
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def main() -> None:
    """Write the page."""
    DOCUMENT.write_text(document(collect()), encoding="utf-8")


if __name__ == "__main__":
    main()
