"""Rollups in waves: what does not depend on each other is built side by side, and a failure stops only what reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lake.catalog import Catalog
from lake.errors import QueryError
from lake.relations import Rollup
from rollups.build import Built
from rollups.run import AT_ONCE, LEAST_MS, RunReport, run_rollups

SLOT = datetime(2026, 11, 20, 9, 20, tzinfo=UTC)
DAY = date(2026, 11, 19)


def rollup(name: str, *reads: str) -> Rollup:
    return Rollup("outlay", name, "x", *_nothing_else(reads))


def _nothing_else(reads: tuple[str, ...]) -> tuple[Any, ...]:
    values = {"sql": "select 1", "references": tuple(f"outlay.{name}" for name in reads)}
    names = [field for field in Rollup.__dataclass_fields__ if field not in ("database", "name", "sentence")]
    return tuple(values.get(name, "" if name == "schedule" else ()) for name in names)


class Builds:
    """A builder whose builds take a while; notes when each began and ended, and how many were under way at once."""

    def __init__(self, seconds: float = 0.01, failing: str = "", days: dict[str, int] | None = None) -> None:
        self._seconds, self._failing, self._days = seconds, f"outlay.{failing}", days or {}
        self._lock = threading.Lock()
        self._under_way = 0
        self.most = 0
        self.log: list[str] = []

    def build_stale_days(self, rollup: Rollup, slot: datetime) -> Iterator[Built]:
        for _ in range(self._days.get(rollup.name, 1)):
            with self._lock:
                self._under_way += 1
                self.most = max(self.most, self._under_way)
                self.log.append(f"begin {rollup.name}")
            time.sleep(self._seconds)
            with self._lock:
                self._under_way -= 1
                self.log.append(f"end {rollup.name}")
            if rollup.full_name == self._failing:
                raise QueryError("no such column")
            yield Built(rollup.full_name, [DAY], 1)


def run(builds: Builds, *rollups: Rollup, remaining_ms: Callable[[], int] = lambda: 900_000) -> RunReport:
    return run_rollups(builds, Catalog((), rollups, ()), SLOT, remaining_ms)  # type: ignore[arg-type]


def test_a_rollup_begins_once_all_that_it_reads_has_ended() -> None:
    builds = Builds()
    report = run(
        builds, rollup("total", "hourly"), rollup("hourly"), rollup("found", "total", "snapshots"), rollup("snapshots")
    )
    assert (report.is_complete, len(report.built)) == (True, 4)
    for first, then in (("hourly", "total"), ("total", "found"), ("snapshots", "found")):
        assert builds.log.index(f"end {first}") < builds.log.index(f"begin {then}")


def test_what_is_independent_runs_side_by_side_and_no_more_than_a_few_at_once() -> None:
    builds = Builds(0.02)
    run(builds, *(rollup(f"r{number}") for number in range(20)))
    assert builds.most == AT_ONCE


def test_the_deepest_chain_decides_how_long_a_run_takes_not_the_number_of_rollups() -> None:
    """60 rollups in chains of three: one by one they would take 60 builds' time, in waves a sixth of that."""
    chains = [
        rollup(f"r{chain}_{depth}", *([f"r{chain}_{depth - 1}"] if depth else []))
        for chain in range(20)
        for depth in range(3)
    ]
    builds = Builds(0.02)
    run(builds, *chains)
    order = [line.removeprefix("begin ") for line in builds.log if line.startswith("begin")]
    assert len(order) == 60
    assert builds.most == AT_ONCE


def test_one_that_is_built_day_by_day_keeps_no_other_waiting() -> None:
    builds = Builds(0.01, days={"snapshots": 12})
    run(builds, rollup("snapshots"), rollup("hourly"), rollup("daily", "hourly"), rollup("found", "daily"))
    assert builds.log.index("end found") < len(builds.log) - 1 - builds.log[::-1].index("end snapshots")


def test_what_reads_a_failed_rollup_waits_and_the_others_go_on() -> None:
    report = run(
        Builds(failing="hourly"), rollup("hourly"), rollup("daily", "hourly"), rollup("found", "daily"), rollup("other")
    )
    assert report.failed == {"outlay.hourly": "no such column"}
    assert sorted(report.waiting) == ["outlay.daily", "outlay.found"]
    assert [built.rollup for built in report.built] == ["outlay.other"]


def test_with_little_time_left_no_further_build_is_begun() -> None:
    left = iter([LEAST_MS, LEAST_MS])
    report = run(Builds(), rollup("hourly"), rollup("daily", "hourly"), remaining_ms=lambda: next(left, LEAST_MS - 1))
    assert not report.is_complete
    assert [built.rollup for built in report.built] == ["outlay.hourly"]


def test_a_wave_that_begins_late_begins_one_build_alone() -> None:
    report = run(Builds(), *(rollup(f"r{number}") for number in range(6)), remaining_ms=lambda: LEAST_MS - 1)
    assert (report.is_complete, len(report.built)) == (False, 1)


def test_a_refused_call_of_glue_fails_its_rollup_and_no_other() -> None:
    class Throttled(Builds):
        def build_stale_days(self, rollup: Rollup, slot: datetime) -> Iterator[Built]:
            if rollup.name == "hourly":
                raise ClientError(
                    {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "BatchUpdatePartition"
                )
            yield from super().build_stale_days(rollup, slot)

    report = run(Throttled(), rollup("hourly"), rollup("daily", "hourly"), rollup("other"))
    assert "ThrottlingException" in report.failed["outlay.hourly"]
    assert [built.rollup for built in report.built] == ["outlay.other"]


def test_what_kills_a_build_ends_the_run() -> None:
    class Killed(Builds):
        def build_stale_days(self, rollup: Rollup, slot: datetime) -> Iterator[Built]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Killed(), rollup("hourly"))
