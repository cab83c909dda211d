"""The process that keeps the last good lake open, so that queries after the first are answered at once.

`python -m local.service HOME IDLE_SECONDS` opens the lake that HOME leads to and answers on a socket of its user's alone
until it is told to stop, nobody has asked for a while, or the lake is replaced or removed. A lock makes sure that there is
never a second one; its engine and its embedded cloud end with it, however it ends.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import yaml

from embedded.cloud import CloudError, EmbeddedCloud, StateError
from embedded.engine.errors import EngineError
from lake.errors import OutlayError, QueryError
from local.asking import ADDRESS
from local.home import CONFIG, LAKE, SERVICE, SERVICE_LOCK, current_lake, locked
from local.lake_sql import GaveUpError, LakeSql

_LOCK_PATIENCE_S = 60
_POLL_S = 0.25
_QUIET_S = 2.0
"""So long nobody asks before views are warmed up: who asks the next thing at once is not to wait for that."""


class LakeService:
    """Answers on connections, each in a thread; a query whose asker has gone is cancelled."""

    def __init__(self, lake: LakeSql) -> None:
        self._lake = lake
        self._lock = threading.Lock()
        self._busy, self._answered, self._quiet_since = 0, False, time.monotonic()
        self.ended = threading.Event()

    @property
    def idle_s(self) -> float:
        """For how long nobody has asked anything; 0 while a query is under way."""
        return 0.0 if self._busy else time.monotonic() - self._quiet_since

    def listen(self, listener: Listener) -> None:
        """Take connections until the process ends."""
        while not self.ended.is_set():
            with suppress(OSError, EOFError, AuthenticationError):  # no key, or gone already
                connection = listener.accept()
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def warm_up(self) -> None:
        """Ask each view once, after the first answer and while nobody asks: a view's first time takes thrice as long."""
        while not (self._answered and self.idle_s >= _QUIET_S) and not self.ended.wait(_POLL_S):
            pass
        with suppress(QueryError):
            for (view,) in self._lake.ask("show views").rows:
                while self.idle_s < _QUIET_S and not self.ended.wait(_POLL_S):
                    pass
                if not self.ended.is_set():
                    self._lake.ask(f'select * from "{view}" limit 1')  # noqa: S608 - the lake's own name

    def _converse(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError):
            while True:
                sql = json.loads(connection.recv_bytes())
                with self._lock:
                    self._busy += 1
                try:
                    answer = self._answer(sql, connection)
                finally:
                    with self._lock:
                        self._busy -= 1
                        self._quiet_since = time.monotonic()
                connection.send_bytes(json.dumps(answer).encode())
                self._answered = True

    def _answer(self, sql: str, connection: Connection) -> dict[str, Any]:
        try:
            found = self._lake.ask(sql, gave_up=lambda: _has_gone(connection))
        except QueryError as error:
            return {"error": str(error)}
        except GaveUpError:
            return {"error": "nobody waits for it"}
        return {"columns": found.columns, "rows": found.rows, "bytes": found.scanned_bytes, "ms": found.milliseconds}


def _has_gone(connection: Connection) -> bool:
    """Whether the asker has closed the connection: while a query runs, it sends nothing."""
    return connection.poll(0)


def serve(home: Path, idle_seconds: float) -> None:
    """Open the lake and answer until it is time to end. Raises what keeps the lake from being opened."""
    folder = home / SERVICE
    with locked(folder / SERVICE_LOCK, _LOCK_PATIENCE_S) as have:
        if not have:
            raise OutlayError(f"another process has kept the lake's lock for {_LOCK_PATIENCE_S} s: run `outlay stop`")
        lake = current_lake(home)
        for leftover in (folder / "work" / "written").glob("*"):
            leftover.unlink()
        with EmbeddedCloud.open(lake, work=folder / "work") as cloud, tempfile.TemporaryDirectory(prefix="outlay-") as own:
            service = LakeService(athena_of(cloud, lake))
            key = secrets.token_bytes(32)
            with Listener(f"{own}/socket", family="AF_UNIX", authkey=key) as listener:
                signal.signal(signal.SIGTERM, lambda *_: service.ended.set())
                threading.Thread(target=service.listen, args=(listener,), daemon=True).start()
                _announce(folder, {"address": f"{own}/socket", "key": key.hex(), "pid": os.getpid(), "lake": str(lake)})
                threading.Thread(target=service.warm_up, daemon=True).start()
                while not service.ended.wait(_POLL_S):
                    if service.idle_s > idle_seconds or not cloud.is_alive or not _is_current(lake, home):
                        break
                (folder / ADDRESS).unlink(missing_ok=True)


def athena_of(cloud: EmbeddedCloud, lake: Path) -> LakeSql:
    """Athena in the workgroup and database of the deployment that a lake's settings describe."""
    deployment = yaml.safe_load((lake / CONFIG / "deployment.yaml").read_text(encoding="utf-8"))
    database = f"{deployment.get('database_prefix', '')}outlay"
    return LakeSql(cloud.client("athena"), deployment.get("name", "outlay"), database)


def _is_current(lake: Path, home: Path) -> bool:
    """Whether the lake is still the one that HOME leads to; also where it is just being replaced."""
    return (home / LAKE).resolve() == lake and lake.exists()


def _announce(folder: Path, told: dict[str, Any]) -> None:
    """Write down, for this user alone, where the service listens."""
    fresh = folder / f".{ADDRESS}"
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(told, file)
    fresh.replace(folder / ADDRESS)


def main() -> int:
    """Serve; what keeps it from doing so is one line on standard error."""
    try:
        serve(Path(sys.argv[1]), float(sys.argv[2]))
    except (OutlayError, CloudError, StateError, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
