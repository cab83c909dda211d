"""One embedded cloud, with one Trino, for all workers of a test run: pytest-xdist's controller keeps it, workers ask for it.

It starts when the first worker asks, so that tests which need no engine wait for none. It ends with the controller, however
that ends: in order here, and because both of its processes follow their parent where the controller is killed. A worker
that crashes takes nothing along. Without workers (`-n 0`) the one process starts a cloud of its own.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import pytest

from embedded.cloud.embedded import EmbeddedCloud

WORKER_INPUT = "shared_cloud"
WORKGROUP = "outlay"


def pytest_configure(config: pytest.Config) -> None:
    """The controller of several workers becomes the host."""
    if not hasattr(config, "workerinput") and config.getoption("dist") != "no":
        config.pluginmanager.register(Host(), "shared cloud")


class Host:
    """The controller's side: hands out the cloud's port and home, one worker at a time."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="outlay-tests-"))
        self._authkey = secrets.token_bytes(16)
        self._listener = Listener(str(self._home / "socket"), authkey=self._authkey)
        self._cloud: EmbeddedCloud | None = None
        self._lock = threading.Lock()  # held while the cloud starts: what ends the run waits for the start, then stops it
        self._ended = False
        threading.Thread(target=self._serve, name="shared cloud", daemon=True).start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Tell a new worker where to ask."""
        node.workerinput[WORKER_INPUT] = (self._listener.address, self._authkey)  # type: ignore[attr-defined]

    def pytest_unconfigure(self) -> None:
        """End the cloud, if anybody asked for it. pytest calls this after Ctrl-C, too."""
        with self._lock:
            self._ended = True
            if self._cloud:
                self._cloud.stop()
        self._listener.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _serve(self) -> None:
        while not self._ended:
            try:
                with self._listener.accept() as worker:
                    self._answer(worker)
            except (OSError, EOFError):
                continue  # the worker has died, or the listener was closed: the loop's condition tells

    def _answer(self, worker: Connection) -> None:
        with self._lock:
            if self._ended:
                return
            try:
                self._cloud = self._cloud or _started(self._home / "cloud")
            except Exception as error:  # the worker raises it where a person sees it
                worker.send(error)
                return
            worker.send((self._cloud.home, self._cloud.port))


@contextmanager
def shared_cloud(config: pytest.Config, home: Path) -> Iterator[EmbeddedCloud]:
    """The run's cloud as a worker holds it; `home` is for the cloud of a run without workers."""
    worker_input: dict[str, tuple[str, bytes]] = getattr(config, "workerinput", {})
    if WORKER_INPUT not in worker_input:
        cloud = _started(home)
    else:
        address, authkey = worker_input[WORKER_INPUT]
        with Client(address, authkey=authkey) as controller:
            answer = controller.recv()
        if isinstance(answer, Exception):
            raise answer
        cloud = EmbeddedCloud(answer[0], engine=False, slack=False, port=answer[1])
    try:
        yield cloud
    finally:
        cloud.stop()  # of a cloud that another process started this closes the clients alone


def _started(home: Path) -> EmbeddedCloud:
    """A running cloud with the workgroup of the tests' lakes."""
    cloud = EmbeddedCloud(home, slack=False)
    try:
        cloud.start()
        cloud.wait_ready()
    except BaseException:
        cloud.stop()
        raise
    cloud.client("s3").create_bucket(Bucket="athena-results")
    results = {"OutputLocation": "s3://athena-results/"}
    cloud.client("athena").create_work_group(
        Name=WORKGROUP, Configuration={"ResultConfiguration": results, "EnforceWorkGroupConfiguration": True}
    )
    return cloud
