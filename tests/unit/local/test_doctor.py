"""`outlay doctor`: this machine, and answers of AWS that come in pages."""

from __future__ import annotations

import io
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from rich.console import Console

from embedded.cloud.state import path_of
from infra.settings.load import load_settings
from local import doctor
from local.doctor import account, machine
from local.doctor.finding import CheckResult
from tests.support.catalog import ROOT

Usage = namedtuple("Usage", "free")
SETTINGS = load_settings(ROOT / "config")


@pytest.fixture
def well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has everything, in a folder of its own."""
    (tmp_path / "jars" / "server").mkdir(parents=True)
    (tmp_path / "jars" / "server" / "trino.jar").touch()
    path_of(tmp_path / "lake").parent.mkdir(parents=True)
    path_of(tmp_path / "lake").touch()
    monkeypatch.setattr(machine.start_cache, "is_whole", lambda cache, to_the_last_byte: True)
    (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n")
    monkeypatch.setattr(machine, "JARS_HOME", tmp_path / "jars")
    monkeypatch.setattr(machine, "HOME", tmp_path)
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: Usage(free=80e9))
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}")
    return tmp_path


def test_a_machine_that_has_everything_is_well(well: Path) -> None:
    found = list(machine.check_machine())
    assert [one for one in found if one.status != "ok"] == []
    told = [one.text for one in found]
    assert {"80 GB of disk free", "8 GB of memory available", f"a lake to query is in {well / 'lake'}"} <= set(told)


@pytest.mark.parametrize(
    ("spoil", "status", "text", "remedy"),
    [
        (lambda home, patch: (home / "jars/server/trino.jar").unlink(), "fail", "engine is not installed", "make run"),
        (
            lambda home, patch: patch.setattr(machine.start_cache, "is_whole", lambda cache, to_the_last_byte: False),
            "warn",
            "start cache is",
            "`make run` makes it anew",
        ),
        (lambda home, patch: path_of(home / "lake").unlink(), "warn", "no run has left a lake", "make run"),
        (lambda home, patch: patch.setattr(machine.shutil, "which", lambda name: None), "warn", "no chromium", "apt-get"),
        (
            lambda home, patch: patch.setattr(machine.shutil, "disk_usage", lambda path: Usage(free=1e9)),
            "fail",
            "1 GB of disk free",
            "4 GB are needed",
        ),
        (lambda home, patch: (home / "meminfo").write_text("MemAvailable: 900000 kB\n"), "warn", "1 GB of memory", "close"),
    ],
)
def test_what_a_machine_lacks_is_said_with_its_remedy(
    spoil: Callable[[Path, pytest.MonkeyPatch], object],
    status: str,
    text: str,
    remedy: str,
    well: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(well, monkeypatch)
    (found,) = [one for one in machine.check_machine() if one.status != "ok"]
    assert found.status == status
    assert text in found.text
    assert remedy in found.remedy


def test_a_system_that_does_not_tell_its_memory_is_not_asked(well: Path) -> None:
    (well / "meminfo").unlink()
    assert not any("memory" in one.text for one in machine.check_machine())


@pytest.mark.parametrize(("status", "is_well"), [("ok", True), ("warn", True), ("fail", False)])
def test_all_is_shown_as_it_is_and_only_a_failure_fails(status: Any, is_well: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "check_machine", lambda: [CheckResult(status, "bucket [a] \x1b", "[/x]"), CheckResult("ok", "more")]
    )
    out = io.StringIO()
    assert doctor.doctor(None, Console(file=out, width=10)) == is_well
    assert out.getvalue().splitlines()[1:] == ["  [/x]", "✓ more"]
    assert out.getvalue()[1:].startswith(" bucket [a] \ufffd\n")


def paged(service: str, operation: str, *pages: dict[str, Any]) -> account.DeployedStacks:
    """A deployment whose service answers in pages, and nothing else."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    client = boto3.client(service, region_name="eu-west-1", **keys)  # type: ignore[call-overload]
    stubber = Stubber(client)
    for page in pages:
        stubber.add_response(operation, page)
    stubber.activate()
    return account.DeployedStacks(SETTINGS, SimpleNamespace(client=lambda name: client))  # type: ignore[arg-type]


def texts(found: Iterator[CheckResult]) -> list[tuple[str, str]]:
    return [(one.status, one.text) for one in found]


def stack(name: str, status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    return {"StackName": name, "StackStatus": status, "CreationTime": 0}


def test_stacks_of_the_second_page_are_deployed() -> None:
    ours = [stack(f"outlay-{name}") for name in account.STACKS[1:]] + [stack("outlay-lake", "UPDATE_ROLLBACK_COMPLETE")]
    first = {"Stacks": [stack("other")], "NextToken": "more"}
    found = texts(account._stacks(paged("cloudformation", "describe_stacks", first, {"Stacks": ours})))
    assert found[0] == ("fail", "stack outlay-lake is UPDATE_ROLLBACK_COMPLETE")
    assert [status for status, _ in found[1:]] == ["ok"] * 4


def schedule(name: str, state: str = "ENABLED") -> dict[str, Any]:
    return {"Name": name, "State": state}


def test_a_schedule_of_the_second_page_is_off() -> None:
    pages = [{"Schedules": [schedule("a")]}, {"Schedules": []}]
    pages += [{"Schedules": [schedule("c")], "NextToken": "more"}, {"Schedules": [schedule("b", "DISABLED")]}]
    assert texts(account._schedules(paged("scheduler", "list_schedules", *pages))) == [("warn", "schedules are off: b")]


def test_groups_without_a_schedule_are_no_schedules_that_are_on() -> None:
    pages = [{"Schedules": []}] * 3
    assert texts(account._schedules(paged("scheduler", "list_schedules", *pages))) == [("fail", "there are no schedules")]


def test_an_alarm_of_the_second_page_is_told() -> None:
    alarm = {"AlarmName": "outlay-stale", "StateReason": "no run in 3 hours"}
    pages = [{"MetricAlarms": [], "NextToken": "more"}, {"MetricAlarms": [alarm]}]
    found = texts(account._alarms(paged("cloudwatch", "describe_alarms", *pages)))
    assert found == [("fail", "outlay-stale is in alarm: no run in 3 hours")]
