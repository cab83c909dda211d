"""Where runs leave what they make: each in a folder of its own, and `lake` leads to the last good one.

.outlay/lakes/<run>/   a lake with its page, report and settings; only a run that succeeded is ever led to
.outlay/lake           leads to the newest of these, and changes in one step
.outlay/report.html    the page within it
.outlay/service/       the process that answers queries, and its engine
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lake.errors import OutlayError

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("OUTLAY_HOME", ROOT / ".outlay")).resolve()
"""Where all runs leave what they make."""
LAKE, LAKES = "lake", "lakes"
PAGE, REPORT, CONFIG = "report.html", "report.json", "config"
"""Within a lake."""
SERVICE = "service"
"""The folder of the process that answers queries."""
SERVICE_LOCK = "lock"
"""Held for as long as that process lives, and while lakes are removed; holds the number of the process that has it."""
POLL_S = 0.05


class HomeError(OutlayError):
    """Somebody else has what is asked for, or nothing is there yet; the text says what to do."""


def current_lake(home: Path = HOME) -> Path:
    """The folder of the last good lake. Raises HomeError where no run has left one."""
    lake = home / LAKE
    if not lake.exists():
        raise HomeError(f"no run has left a lake in {home} yet: run `make run` first")
    return lake.resolve()


@contextmanager
def new_lake(home: Path = HOME) -> Iterator[Path]:
    """A folder to build a lake in, beside the last good one, which it replaces when the block ends well.

    Raises HomeError where another run is under way.
    """
    with only_run(home):
        _remove_all_but_current(home)
        folder = home / LAKES / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        folder.mkdir(parents=True)
        yield folder
        publish(folder, home)


def publish(folder: Path, home: Path = HOME) -> None:
    """Let `lake` and the page lead to a finished lake."""
    current = home / LAKE
    if current.is_dir() and not current.is_symlink():  # as versions before left it
        current.rename(home / LAKES / "earlier")
    _lead(current, Path(LAKES) / folder.name)
    for name in (PAGE, REPORT):
        _lead(home / name, Path(LAKE) / name)


def remove_old_lakes(home: Path = HOME) -> None:
    """Remove what no longer counts. Nobody may read it: the caller holds the lock of the service."""
    _remove_all_but_current(home)


@contextmanager
def only_run(home: Path = HOME) -> Iterator[None]:
    """Lets one run at a time build in home. Raises HomeError where another does."""
    with locked(home / "lock", 0) as have:
        if not have:
            owner = (home / "lock").read_text(encoding="utf-8").strip()
            raise HomeError(f"another run (process {owner}) has {home.name}/; wait for it to end, or end it")
        yield


@contextmanager
def locked(path: Path, patience_s: float) -> Iterator[bool]:
    """Whether the file's lock could be had within the time; it is held, and names this process, while the block lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_s
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    yield False
                    return
                time.sleep(POLL_S)
            else:
                lock.truncate(0)
                lock.write(str(os.getpid()))
                lock.flush()
                yield True
                return


def _lead(link: Path, target: Path) -> None:
    """Let a link lead elsewhere in one step."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _remove_all_but_current(home: Path) -> None:
    kept = (home / LAKE).resolve()
    for folder in (home / LAKES).glob("*"):
        if folder.resolve() != kept:
            shutil.rmtree(folder, ignore_errors=True)
