"""Start, await and stop the engine's process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.engine import start_cache
from embedded.engine.errors import EngineError
from embedded.engine.jars import ENGINE_HOME

READY_FILE = "ready"
PID_FILE = "pid"
LOG_FILE = "engine.log"
READY_SECONDS = 300
"""How long a slow machine may take to start the engine: 12 s on two quiet cores without a start cache."""
_POLL_SECONDS = 0.05
# The orderly end that writes the start cache takes some 12 s on two quiet cores; a loaded machine takes far longer.
_CACHE_SECONDS = 300
_QUOTED_LOG_LINES = 15


@dataclass
class Engine:
    """A running (or starting) Trino that answers on 127.0.0.1:`port` and logs to `home`."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]
    make_cache: Path | None = None

    @classmethod
    def start(
        cls,
        aws_endpoint: str,
        home: Path = ENGINE_HOME / "home",
        *,
        port: int | None = None,
        region: str = "us-east-1",
        make_cache: Path | None = None,
        unchanging_lake: bool = False,
    ) -> Self:
        """Start the process and return at once; nothing need answer at `aws_endpoint` yet.

        make_cache: the start cache that `stop` is to leave; without it the one that is there is used.
        unchanging_lake: nobody writes while the engine runs, so that it may remember what it has looked up.
        """
        home.mkdir(parents=True, exist_ok=True)
        (home / READY_FILE).unlink(missing_ok=True)
        port = port or _free_port()
        command = [sys.executable, "-m", "embedded.engine.server"]
        command += ["--port", str(port), "--aws-endpoint", aws_endpoint]
        command += ["--home", str(home), "--region", region, "--parent", str(os.getpid())]
        if unchanging_lake:
            command.append("--unchanging-lake")
        if make_cache:
            command += ["--make-cache", str(start_cache.unfinished(make_cache))]
        elif start_cache.is_whole(cache := start_cache.cache_file()):
            command += ["--use-cache", str(cache)]
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
        (home / PID_FILE).write_text(str(process.pid))
        return cls(port, home, process, make_cache)

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return when queries are answered; raises EngineError with the end of its log."""
        wait_until_ready(self.home, timeout_seconds)

    def stop(self) -> None:
        """End the process: in order where it is to leave a start cache, else at once, since nothing of it is kept."""
        if self.make_cache and (self.home / READY_FILE).exists():
            self.process.terminate()
            try:
                if self.process.wait(_CACHE_SECONDS) == 0:
                    start_cache.keep(self.make_cache)
            except subprocess.TimeoutExpired:
                pass  # killed below: the next start makes the cache
        self.kill()

    def kill(self) -> None:
        """End the process and what it has started (the JVM that writes the cache) at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        (self.home / READY_FILE).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def wait_until_ready(home: Path, timeout_seconds: float = READY_SECONDS) -> None:
    """Return when the engine of `home` answers queries, whoever started it.

    Raises EngineError with what its log says: at once where it has ended, else after `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not (home / READY_FILE).exists():
        if _has_ended(home):
            raise EngineError(f"The engine ended while it started.{_log_tail(home)}")
        if time.monotonic() > deadline:
            raise EngineError(f"The engine was not ready after {timeout_seconds:.0f} s.{_log_tail(home)}")
        time.sleep(_POLL_SECONDS)


def _has_ended(home: Path) -> bool:
    """Whether the engine's process is gone, or a zombie that its parent has not looked at yet."""
    try:
        pid = int((home / PID_FILE).read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError):
        return False  # it is being started
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def _log_tail(home: Path) -> str:
    """What the log says of the failure: from its last error on, or else its end."""
    log = home / LOG_FILE
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    errors = [number for number, line in enumerate(lines) if "\tERROR\t" in line]
    told = lines[errors[-1] :][:_QUOTED_LOG_LINES] if errors else lines[-_QUOTED_LOG_LINES:]
    return f" From {log}:\n" + "\n".join(line[:300] for line in told)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
