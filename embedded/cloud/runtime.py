"""One execution environment of a Lambda function: a process under AWS's own runtime client, and its Runtime API.

The process is this interpreter running `awslambdaric` in the function's unpacked code, with the function's environment
and the keys of its role. It asks the Runtime API (an HTTP server on loopback, one for each environment) for events and
posts results there. What it prints goes to a file, the environment's log stream.
"""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_NEXT = "/2018-06-01/runtime/invocation/next"
_POSTED = re.compile(r"/2018-06-01/runtime/(?:invocation/([^/]+)/(response|error)|init/(error))$")
INIT_TIMEOUT_S = 30
# The kernel ends a child with the thread that started it: all are started by this one, which lives as long as we do.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True)
class InvocationOutcome:
    """What an environment answered: the payload, None or the kind of error, and what was printed meanwhile."""

    payload: bytes
    error: str | None
    log: str
    duration_ms: float
    alive: bool


class RuntimeServer(ThreadingHTTPServer):
    """The Runtime API of one environment."""

    daemon_threads = True

    def __init__(self, function_arn: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.function_arn = function_arn
        self.events: queue.Queue[tuple[str, bytes, float] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self.is_to_die: Callable[[], bool] = lambda: False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def stop(self) -> None:
        """Stops listening; takes as long as one poll."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: each invocation would be two lines."""

    def do_GET(self) -> None:
        event = self.server.events.get() if self.path == _NEXT else None
        if event is None:
            self._send(410, b"")
            return
        request_id, payload, timeout_s = event
        deadline_ms = int((time.time() + timeout_s) * 1000)
        self.server.answers.put((request_id, "taken", b""))
        self._send(
            200,
            payload,
            {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{request_id.replace('-', '')[:24]};Sampled=0",
                "Content-Type": "application/json",  # without it awslambdaric crashes
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match = _POSTED.search(self.path)
        if match and match[2] == "response" and self.server.is_to_die():
            self.close_connection = True
            return
        self._send(202 if match else 404, b"")
        if match:
            request_id, kind, init = match.groups()
            self.server.answers.put((request_id or "", "init" if init else kind, body))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ExecutionEnvironment:
    """A cold or warm execution environment. Not for two invocations at once.

    dies_before_answering is asked, with the function's ARN, whether the process is killed with its answer on its lips.
    """

    def __init__(
        self,
        function_arn: str,
        handler: str,
        code: Path,
        variables: dict[str, str],
        log: Path,
        dies_before_answering: Callable[[str], bool],
    ) -> None:
        self.log, self.access_key = log, variables["AWS_ACCESS_KEY_ID"]
        self._server = RuntimeServer(function_arn)
        variables = variables | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}"}
        log.parent.mkdir(parents=True, exist_ok=True)
        self._process = _spawner.submit(_start, handler, code, variables, log).result()
        self._server.is_to_die = lambda: dies_before_answering(function_arn) and self.kill()
        threading.Thread(target=self._report_end, daemon=True).start()

    def invoke(self, request_id: str, payload: bytes, timeout_s: float) -> InvocationOutcome:
        """Gives the process one event and waits for its answer, its end, or the timeout (which ends it)."""
        begin = self.log.stat().st_size
        started = time.monotonic()
        self._server.events.put((request_id, payload, timeout_s))
        kind, answer = self._wait(request_id, timeout_s)
        return InvocationOutcome(
            payload=answer,
            error=None if kind == "response" else "Unhandled",
            log=self._printed(begin),
            duration_ms=(time.monotonic() - started) * 1000,
            alive=kind in ("response", "error"),
        )

    def close(self) -> None:
        """Ends the process and its Runtime API."""
        if self._process.poll() is None:
            self.kill()
        self._process.wait()
        self._server.events.put(None)
        threading.Thread(target=self._server.stop, daemon=True).start()

    def _wait(self, request_id: str, timeout_s: float) -> tuple[str, bytes]:
        """What became of an event. The function's time runs from when its process takes the event."""
        deadline = time.monotonic() + INIT_TIMEOUT_S
        while True:
            try:
                wait_s = max(0.0, deadline - time.monotonic())
                answered, kind, body = self._server.answers.get(timeout=wait_s)
            except queue.Empty:
                self.kill()
                return "timeout", _timed_out(request_id, timeout_s)
            if kind == "exit":
                words = f"RequestId: {request_id} Error: Runtime exited with error: {body.decode()}"
                return "exit", _error("Runtime.ExitError", words)
            if kind == "taken":
                deadline = time.monotonic() + timeout_s
            elif kind == "init" or answered == request_id:
                return kind, body

    def kill(self) -> bool:
        """Ends the process at once; whoever waits for its answer learns of its end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return True

    def _report_end(self) -> None:
        status = self._process.wait()
        words = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._server.answers.put(("", "exit", words.encode()))

    def _printed(self, begin: int) -> str:
        with self.log.open("rb") as file:
            file.seek(begin)
            return file.read().decode(errors="replace")


def _start(handler: str, code: Path, variables: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=code,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _timed_out(request_id: str, timeout_s: float) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return _error("Sandbox.Timedout", f"{now}Z {request_id} Task timed out after {timeout_s:.2f} seconds")
