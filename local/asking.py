"""Asks the service that keeps the lake open, and starts it where none runs: what `outlay query`, `shell` and `stop` do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from lake.errors import OutlayError, QueryError
from local.answer import Answer
from local.home import HOME, POLL_S, ROOT, SERVICE, SERVICE_LOCK, HomeError, current_lake, locked

ADDRESS, LOG = "address.json", "service.log"
"""Where the service listens and the key that it wants, and what it prints."""
IDLE_SECONDS = 600
"""For how long the service stays when nobody asks."""
START_SECONDS = 600
"""How long a slow machine may take to open the lake: 8 s on two quiet cores."""
STOP_SECONDS = 20
_LOST = (OSError, EOFError)
_started: list[subprocess.Popen[bytes]] = []
"""Services that this process started and that go on without it: kept, since Python warns of a running child it forgets."""


@dataclass(frozen=True)
class OpenLake:
    """The last good lake, asked through its service."""

    home: Path = HOME
    idle_seconds: float = IDLE_SECONDS
    opening: Callable[[], None] = lambda: None
    """Called where the lake has to be opened first, which takes some seconds."""

    def ask(self, sql: str) -> Answer:
        """Run one Athena statement on the last good lake. Raises QueryError with Athena's words."""
        for attempt in (1, 2):
            try:
                with self._connected() as connection:
                    connection.send_bytes(json.dumps(sql).encode())
                    return _answer(json.loads(connection.recv_bytes()))
            except _LOST as error:  # its time had come, or a run has replaced the lake
                if attempt == 2:
                    raise HomeError(f"the lake was closed while it was asked ({type(error).__name__}); ask again") from None
        raise AssertionError("unreachable")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        lake = current_lake(self.home)
        connection = _connect(self.home, lake)
        if connection is None:
            with locked(self.home / SERVICE / "starting.lock", START_SECONDS) as have:
                if not have:
                    raise HomeError(f"somebody has been opening the lake for {START_SECONDS} s; run `outlay stop`")
                connection = _connect(self.home, lake) or self._start(lake)
        with connection:
            yield connection

    def _start(self, lake: Path) -> Connection:
        """Start the service, which goes on when this process ends, and wait until it answers."""
        self.opening()
        log = self.home / SERVICE / LOG
        command = [sys.executable, "-m", "local.service", str(self.home), str(self.idle_seconds)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        _started.append(process)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (connection := _connect(self.home, lake)) is not None:
                return connection
            if process.poll() is not None:
                raise OutlayError(f"the lake could not be opened: {_last_lines(log)}")
            time.sleep(POLL_S)
        process.terminate()
        raise OutlayError(f"the lake was not open after {START_SECONDS} s: {_last_lines(log)}")


def stop_service(home: Path = HOME) -> bool:
    """End the service with its engine, and say whether there was one. Raises HomeError where it does not end."""
    lock = home / SERVICE / SERVICE_LOCK
    for how in (None, signal.SIGTERM, signal.SIGKILL):  # its engine and its cloud end with it, however it ends
        if how:
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(lock.read_text(encoding="utf-8")), how)
        with locked(lock, STOP_SECONDS if how else 0) as ended:
            if ended:
                (home / SERVICE / ADDRESS).unlink(missing_ok=True)
                return how is not None
    raise HomeError(f"the process that has {lock} does not end; end it by hand")


def _address(home: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((home / SERVICE / ADDRESS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _connect(home: Path, lake: Path) -> Connection | None:
    """A connection to the service of this very lake; None where there is none."""
    found = _address(home)
    if found is None or found["lake"] != str(lake):
        return None
    try:
        return Client(found["address"], family="AF_UNIX", authkey=bytes.fromhex(found["key"]))
    except _LOST:
        return None


def _answer(told: dict[str, Any]) -> Answer:
    if "error" in told:
        raise QueryError(told["error"])
    columns = tuple((name, kind) for name, kind in told["columns"])
    return Answer(columns, tuple(map(tuple, told["rows"])), told["bytes"], told["ms"])


def _last_lines(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-2000:] or "it said nothing"
