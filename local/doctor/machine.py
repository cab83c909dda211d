"""This machine: whether Outlay can run on it, and what it has left."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from embedded.cloud.state import path_of
from embedded.engine import start_cache
from embedded.engine.jars import JARS_HOME
from local.doctor.finding import CheckResult
from local.home import HOME, LAKE, ROOT

DISK_GB, MEMORY_GB = 4, 4
MEMINFO = Path("/proc/meminfo")


def check_machine() -> Iterator[CheckResult]:
    """Python, the engine, disk, memory, the browser of the page's tests, and the lake of the last run."""
    yield CheckResult("ok", f"Python {'.'.join(map(str, sys.version_info[:3]))}")
    if any(JARS_HOME.glob("server/*.jar")):
        yield CheckResult("ok", "the query engine is installed")
        yield _start_cache()
    else:
        yield CheckResult("fail", "the query engine is not installed", "run `make run`: it fetches what is missing")
    yield _disk()
    yield from _memory()
    if shutil.which("chromium"):
        yield CheckResult("ok", "chromium is installed, for the page's tests")
    else:
        yield CheckResult(
            "warn", "no chromium: the page's tests use a packaged browser", "on Debian: apt-get install chromium"
        )
    if path_of(HOME / LAKE).exists():
        yield CheckResult("ok", f"a lake to query is in {HOME / LAKE}")
    else:
        yield CheckResult("warn", f"no run has left a lake in {HOME / LAKE} yet", "run `make run`")


def _start_cache() -> CheckResult:
    """Whether the engine starts fast: its cache is compared to the last byte."""
    cache = start_cache.cache_file()
    if start_cache.is_whole(cache, to_the_last_byte=True):
        return CheckResult("ok", "the query engine's start cache is whole")
    found = "is not as it was made" if cache.exists() else "is missing: the engine starts slowly"
    return CheckResult("warn", f"the query engine's start cache {found}", f"run `rm -f {cache}`; `make run` makes it anew")


def _disk() -> CheckResult:
    free = shutil.disk_usage(HOME if HOME.exists() else ROOT).free / 1e9
    text = f"{free:.0f} GB of disk free"
    return (
        CheckResult("ok", text)
        if free >= DISK_GB
        else CheckResult("fail", text, f"free some space: {DISK_GB} GB are needed")
    )


def _memory() -> Iterator[CheckResult]:
    """Nothing where the system does not tell (only Linux does)."""
    if not MEMINFO.exists():
        return
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text(encoding="utf-8").splitlines())
    available = int(lines["MemAvailable"].split()[0]) / 1e6
    text = f"{available:.0f} GB of memory available"
    if available >= MEMORY_GB:
        yield CheckResult("ok", text)
    else:
        yield CheckResult("warn", text, f"close some programs: the engine and the embedded cloud want {MEMORY_GB} GB")
