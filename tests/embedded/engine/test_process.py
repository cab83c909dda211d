"""The engine's process: it starts before AWS answers, resolves nobody, and ends with its parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded.engine import jars
from embedded.engine.client import Engine
from embedded.engine.configuration import write_home
from embedded.engine.errors import EngineError
from embedded.engine.jars import LOCK, ensure_jars
from embedded.engine.trino_client import Trino

NOBODY = "http://localhost:9"


def test_the_installed_jars_are_only_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    if not jars.JARS_HOME.exists():
        pytest.skip("the engine's jars are not installed: python -m embedded.engine.install")

    def fail() -> None:
        raise AssertionError("an installed engine needs no Maven client")

    monkeypatch.setattr(jars, "_maven", fail)
    assert ensure_jars() == jars.JARS_HOME


def test_no_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(jars, "LOCK", tmp_path / "lock")
    (tmp_path / "lock").write_text(LOCK.read_text().splitlines()[0] + "\n")
    with pytest.raises(EngineError, match=r"can't be fetched .* connect to the network") as error:
        ensure_jars(tmp_path / "jars")
    assert "\n" not in str(error.value)


def test_a_jar_that_is_not_what_the_lock_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "a.jar"

    def download(artifact: object, jar: object) -> Path:
        changed.write_bytes(b"changed")
        return changed

    monkeypatch.setattr(jars, "_download", download)
    monkeypatch.setattr(jars, "LOCK", tmp_path / "lock")
    (tmp_path / "lock").write_text(f"a:a:1 server sha256:{'0' * 64}\n")
    with pytest.raises(EngineError, match="a:a:1 has the hash"):
        ensure_jars(tmp_path / "jars")
    assert not list((tmp_path / "jars").glob("**/*.jar"))


def test_the_engine_knows_no_name_but_localhost(tmp_path: Path) -> None:
    write_home(tmp_path, tmp_path, 1)
    assert (tmp_path / "hosts").read_text().split() == ["127.0.0.1", "localhost"]


def test_a_failed_start_quotes_its_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            Engine.start(NOBODY, tmp_path, port=port) as engine,
            pytest.raises(EngineError) as error,
        ):
            engine.wait_ready()
    assert f"Port {port} is taken" in str(error.value)


def test_an_engine_that_does_not_answer_is_said_to() -> None:
    with pytest.raises(EngineError, match="does not answer on port 9"):
        Trino(9).run("select 1")


def test_the_engine_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import pathlib, time; from embedded.engine.client import Engine\n"
        f"engine = Engine.start({NOBODY!r}, pathlib.Path({str(tmp_path)!r}))\n"
        "print(engine.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(1)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    try:
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
    except ProcessLookupError:
        return
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the engine outlived its parent")
