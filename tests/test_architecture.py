"""What people forget when they add code: rules that hold for every module, whoever wrote it.

Import rules are import-linter's (pyproject.toml); style and types are ruff's and mypy's. `make check` runs all three.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOYED = ("functions", "infra")
SOURCES = (*DEPLOYED, "embedded", "local", "tests", "benchmarks")

CATCH_ALL = {
    "functions/collectors/bills/run.py": "whatever is wrong with one bill is its outcome and fails the run; others go on",
    "functions/collectors/scanning/scan.py": "whatever ends a scan is its outcome; the scans beside it go on",
    "functions/handlers/schema.py": "CloudFormation must be answered, or it waits for an hour",
}
"""The only places that catch every exception, each once, and why. None of them makes a failure an empty result."""

HOOKS = re.compile(
    r"\b(moto|pytest|unittest|mock|localhost|127\.0\.0\.1|is_local|embedded_cloud|AWS_ENDPOINT_URL)\b|\bif .*\blocal\b"
)
NOT_OURS = re.compile(r"(?<![\w.\"'/:])/(?:home|root|work|Users)/\w|\bissues? #?\d+\b", re.IGNORECASE)
"""Paths of somebody's machine, and numbers in somebody's tracker."""

ESCAPES = {"literal", "visible_literal", "identifier", "identifiers", "relation", "sql_name"}
SQL = re.compile(
    r"\b(select |from |where |drop view|create or replace|union all|group by|between |is null|sum\(|count_if|row\(|coalesce)"
)
REVIEWED = {
    "functions/notifiers/findings.py": {"columns", "is_whole", "news_since", "recent.ctes(view)", "since", "view"},
    "functions/notifiers/recent.py": {"_NEWEST"},
    "functions/notifiers/wording.py": {"column", "where"},
    "functions/rollups/audit.py": {
        *(
            "at",
            "builds",
            "by_group",
            "by_key",
            "columns",
            "condition",
            "groups",
            "i",
            "keys",
            "lacking",
            "source",
            "sums",
            "window",
            "BUILD_COLUMN",
        ),
        *("_findings_sql(unique, missing, conserved)", "_source_sql(lake, conserved, window)", "check.where"),
    },
    "functions/schema/step.py": {"view.sql"},
}
"""What enters SQL text otherwise than through lake.sql_text: SQL that sql/ declares, SQL made just before out of escaped
parts, and names that stand in the code. Whoever adds to this shows where the value comes from."""
IN_PROSE = {"infra/catalog_parser.py", "functions/notifiers/messages.py"}
"""Modules whose sentences for people read like SQL."""


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """Path from the root, and text, of each module of ours."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_every_module_says_in_its_first_line_what_only_it_does() -> None:
    first_lines = {
        path: (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
        for path, text in modules(*SOURCES)
        if text.strip() or not path.endswith("__init__.py")
    }
    assert not [path for path, line in first_lines.items() if not line]
    doubled = {line for line, times in Counter(first_lines.values()).items() if times > 1}
    assert not {path: line for path, line in first_lines.items() if line in doubled}


def test_every_exception_is_caught_by_name_but_for_reasons_given() -> None:
    found = [
        path
        for path, text in modules(*DEPLOYED)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert found == sorted(CATCH_ALL)


@pytest.mark.parametrize("folder", DEPLOYED)
def test_what_runs_in_aws_knows_nothing_of_laptops_and_tests(folder: str) -> None:
    found = {path: HOOKS.findall(text) for path, text in modules(folder) if HOOKS.search(text)}
    assert not found


def test_tests_use_no_benchmark_and_nothing_else_uses_either() -> None:
    """Benchmarks may use what tests share (tests/support, the lake on Trino), so the other way would be a circle."""
    allowed = {"tests": {"tests"}, "benchmarks": {"tests", "benchmarks"}}
    found = {
        (path, used)
        for path, text in modules(*SOURCES)
        for used in re.findall(r"^\s*(?:from|import) (tests|benchmarks)\b", text, re.MULTILINE)
        if used not in allowed.get(path.partition("/")[0], set())
    }
    assert not found


def test_the_code_speaks_of_the_product_alone() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sql").rglob("*.sql"), ROOT / "Makefile"]
    texts = [*modules(*SOURCES), *((path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in documents)]
    own = Path(__file__).relative_to(ROOT).as_posix()
    assert not {path: NOT_OURS.findall(text) for path, text in texts if path != own and NOT_OURS.search(text)}


def test_names_and_values_enter_sql_through_one_path() -> None:
    found: dict[str, set[str]] = {}
    for path, text in modules("functions"):
        for sql in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.JoinedStr) and _is_sql(node)):
            values = [part.value for part in sql.values if isinstance(part, ast.FormattedValue)]
            raw = {ast.unparse(value) for value in values if not _is_escaped(value)}
            found.setdefault(path, set()).update(raw)
    raw_by_module = {path: raw for path, raw in found.items() if raw and path not in IN_PROSE}
    assert {path: raw - _ERROR_TEXT.get(path, set()) for path, raw in raw_by_module.items()} == REVIEWED


_ERROR_TEXT = {"functions/rollups/audit.py": {"rollup.full_name", "shown"}}
"""Of the sentence that tells where rejected rows can be looked at."""


def test_sql_is_put_together_in_no_other_way() -> None:
    """No % and no + on SQL; format() only where every argument is escaped or a constant of the module."""
    found = []
    for path, text in modules("functions"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
                sides = [side for side in (node.left, node.right) if isinstance(side, ast.Constant)]
                if any(isinstance(side.value, str) and SQL.search(side.value) for side in sides):
                    found.append(f"{path}:{node.lineno}")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
                found.append(f"{path}: {ast.unparse(node.func.value)}.format")
    expected = [
        "functions/notifiers/drivers_query.py: _QUERY.format",
        "functions/schema/reference_tables.py: role_arn.format",
    ]
    assert found == expected


def _is_sql(node: ast.JoinedStr) -> bool:
    return bool(SQL.search("".join(part.value for part in node.values if isinstance(part, ast.Constant))))


def _is_escaped(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", None)
    return name in ESCAPES
