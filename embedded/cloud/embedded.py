"""The embedded cloud: AWS, its engine and Slack on this machine's loopback, for as long as a `with` block lasts."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from embedded.cloud import guard, identity
from embedded.cloud.remote import CloudError, Invocation, free_port, request
from embedded.cloud.state import StateError, path_of

START_TIMEOUT_S = 300
"""How long a slow machine may take to start the server: 2 s on two quiet cores."""
STOP_TIMEOUT_S = 60
GIVE_UP_TIMEOUT_S = 1
REPOSITORY = Path(__file__).resolve().parents[2]
GUARD_LOG = "blocked-connections.jsonl"


class EmbeddedCloud:
    """Starts everything on `__enter__`, ends it on `__exit__`. State and objects stay in `home`; after an error, unsaved.

    Raises CloudError with the end of the server's log when it does not come up, StateError when `reopen` finds no lake.
    """

    def __init__(
        self,
        home: Path,
        *,
        engine: bool = True,
        slack: bool = True,
        account: str = identity.CENTRAL_ACCOUNT,
        region: str = identity.DEFAULT_REGION,
        port: int | None = None,
        reopen: bool = False,
        work: Path | None = None,
    ) -> None:
        self.home = home.resolve()
        self.work = (work or home).resolve()
        self.account, self.region = account, region
        self.port = port or free_port()
        self.endpoint = f"http://localhost:{self.port}"
        self._slack_port = free_port() if slack else 0
        self._with_engine, self._reopen = engine, reopen
        self._server: subprocess.Popen[bytes] | None = None
        self.engine: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}

    @classmethod
    def open(cls, home: Path, *, engine: bool = True, work: Path | None = None) -> Self:
        """The lake that an earlier embedded cloud left in `home`; for reading: what would change it is refused.

        work: a folder for logs, the engine and results of queries; default: home. Raises StateError if there is no lake.
        """
        if not path_of(home).exists():
            raise StateError(f"There is no saved lake in {home}: run `make run` first.")
        return cls(home, engine=engine, slack=False, reopen=True, work=work)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.give_up()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.give_up()

    def start(self) -> None:
        """Starts the engine and the server and returns at once; `wait_ready` waits for them."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "embedded.cloud.server",
            "--port",
            str(self.port),
            "--home",
            str(self.home),
            "--work",
            str(self.work),
            "--parent",
            str(os.getpid()),
            "--account",
            self.account,
            "--parent",
            str(os.getpid()),
            "--slack-port",
            str(self._slack_port),
        ]
        if self._with_engine:
            from embedded.engine.client import Engine

            self.engine = Engine.start(self.endpoint, self.work / "engine", region=self.region, unchanging_lake=self._reopen)
            command += ["--trino-port", str(self.engine.port)]
        if self._reopen:
            command.append("--open")
        with self.server_log.open("wb") as log:
            self._server = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=self._server_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self, *, engine: bool = True) -> None:
        """Waits until AWS's API answers, and the engine where there is one. Raises CloudError."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if self._server is None or self._server.poll() is not None:
                raise CloudError(f"The embedded cloud ended while it started.{self._log_tail()}")
            try:
                self.command("ping")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise CloudError(f"The embedded cloud does not answer.{self._log_tail()}") from None
                time.sleep(0.05)
        if self.engine and engine:
            self.engine.wait_ready()

    @property
    def is_alive(self) -> bool:
        """Whether the server, and the engine where there is one, still run."""
        processes = [self._server, self.engine and self.engine.process]
        return all(process.poll() is None for process in processes if process) and self._server is not None

    def stop(self) -> None:
        """Saves the lake (unless it was opened for reading) and ends all processes."""
        self._end(signal.SIGTERM, STOP_TIMEOUT_S)

    def give_up(self) -> None:
        """Ends all processes at once and saves nothing."""
        self._end(signal.SIGUSR1, GIVE_UP_TIMEOUT_S)

    def _end(self, how: signal.Signals, timeout_s: float) -> None:
        engine, self.engine = self.engine, None
        if engine and how == signal.SIGUSR1:
            engine.kill()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        server, self._server = self._server, None
        if server:
            server.send_signal(how)
            try:
                server.wait(timeout_s)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if engine:
            engine.stop()

    def environment(self, account: str | None = None) -> dict[str, str]:
        """The variables with which a child process (the cdk command, a script) is this cloud's administrator."""
        return {
            **identity.credentials(account or self.account, self.region),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """A boto3 client of this cloud, as an account's administrator."""
        key = (service, account or self.account, region or self.region)
        if key not in self._clients:
            self._clients[key] = self.session(*key[1:]).client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.endpoint,
                config=Config(
                    read_timeout=900,
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                ),
            )
        return self._clients[key]

    def session(self, account: str | None = None, region: str | None = None) -> boto3.session.Session:
        """A boto3 session as an account's administrator (its clients still need `endpoint_url`)."""
        return boto3.session.Session(
            aws_access_key_id=identity.administrator_key(account or self.account),
            aws_secret_access_key="local-administrator",  # noqa: S106
            region_name=region or self.region,
        )

    def invoke(self, name_part: str, payload: Any) -> Invocation:
        """Runs the one function whose name contains `name_part`, and waits for its answer."""
        return Invocation(**self.command("invoke", name=name_part, payload=payload))

    def fire(self, name_part: str, at: datetime | None = None) -> Invocation:
        """Fires the one schedule whose name contains `name_part`, and waits for all that follows."""
        moment = (at or datetime.now(UTC)).isoformat()
        return Invocation(**self.command("fire", name=name_part, at=moment))

    def schedules(self) -> list[dict[str, Any]]:
        """Every deployed schedule: name, expression, state, target, input."""
        return self.command("schedules")  # type: ignore[no-any-return]

    def alarms(self) -> list[dict[str, Any]]:
        """Every alarm, evaluated now: name, state, value, reason, description."""
        return self.command("alarms")  # type: ignore[no-any-return]

    def inject(self, service: str, operation: str, kind: str, **where: Any) -> None:
        """From now on calls of functions fail as `cloud.faults.Rule` says. Raises CloudError for an unknown kind."""
        self.command("inject", service=service, operation=operation, kind=kind, **where)

    def faults(self) -> list[dict[str, Any]]:
        """Each rule with the number of calls that it has seen."""
        return self.command("faults")  # type: ignore[no-any-return]

    def clear_faults(self) -> list[dict[str, Any]]:
        """All is well again; returns each rule with the number of calls that it saw."""
        return self.command("clear-faults")  # type: ignore[no-any-return]

    def forget_metrics(self, metric: str | None = None) -> None:
        """Forget what was measured so far (of one metric), so that its alarms begin anew."""
        self.command("forget-metrics", metric=metric)

    def logs(self, function: str) -> str:
        """Everything that the functions whose name contains `function` have printed."""
        folders = sorted((self.home / "logs").glob(f"*{function}*"))
        return "".join(file.read_text() for folder in folders for file in sorted(folder.glob("*.log")))

    def drain(self) -> None:
        """Waits until no asynchronous invocation is under way."""
        self.command("drain")

    def save(self) -> Path:
        """Writes the lake's state now; `stop` does it too."""
        return Path(self.command("save")["path"])

    def enforce_iam(self, on: bool = True) -> None:
        """From now on each API call needs the permission of its caller's policies (or, with False, none)."""
        self.command("enforce-iam", on=on)

    def blocked_connections(self) -> list[dict[str, Any]]:
        """Every attempt of the server or a function to reach another machine; it was stopped."""
        return guard.attempts(self.work / GUARD_LOG)

    @property
    def slack_url(self) -> str:
        """Where Slack's stand-in listens; its web API is below /api/, its webhooks below /services/."""
        if not self._slack_port:
            raise CloudError("This embedded cloud was started without Slack.")
        return f"http://127.0.0.1:{self._slack_port}"

    def slack_messages(self) -> list[dict[str, Any]]:
        """The messages that Slack's stand-in has taken, oldest first, as they are now (updates applied)."""
        return request(f"{self.slack_url}/messages", None)  # type: ignore[no-any-return]

    def slack_fail_next(self, error: str, times: int = 1, retry_after: int | None = None) -> None:
        """Makes the next calls to Slack fail: one of Slack's error codes, "http_500" or "timeout"."""
        request(
            f"{self.slack_url}/fail-next",
            {"error": error, "times": times, "retry_after": retry_after},
        )

    def command(self, command_name: str, /, **arguments: Any) -> Any:
        """Sends a command of `embedded.cloud.control`. Raises CloudError with what went wrong."""
        return request(f"{self.endpoint}/_embedded/{command_name}", arguments)

    @property
    def server_log(self) -> Path:
        """What the server process prints."""
        return self.work / "server.log"

    def _server_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        guarded = guard.child_environment(self.work / GUARD_LOG)
        guarded.pop("OUTLAY_DIE_WITH_PARENT")  # the server watches its parent process itself
        return (
            inherited
            | guarded
            | {
                "PYTHONPATH": f"{guarded['PYTHONPATH']}{os.pathsep}{REPOSITORY}",
                "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )

    def _log_tail(self) -> str:
        lines = self.server_log.read_text().splitlines()[-15:] if self.server_log.exists() else []
        return "\n" + "\n".join(lines) if lines else ""
