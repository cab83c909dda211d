"""The engine's process: it starts before AWS answers, resolves nobody, and ends with its parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded.engine import jars, start_cache
from embedded.engine.client import Engine, wait_until_ready
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


def test_a_start_cache_counts_only_as_it_was_made(tmp_path: Path) -> None:
    cache = start_cache.cache_file(tmp_path, tmp_path)
    assert not start_cache.keep(cache), "none was written"
    start_cache.unfinished(cache).write_bytes(b"classes")
    assert not start_cache.is_whole(cache), "it is not finished"
    (tmp_path / "trino-1-old.aot").touch()
    assert start_cache.keep(cache)
    assert start_cache.is_whole(cache, to_the_last_byte=True)
    assert list(tmp_path.glob("*.aot")) == [cache], "an outdated one is 200 MB for nothing"
    cache.write_bytes(b"clasess")
    assert not start_cache.is_whole(cache, to_the_last_byte=True)
    cache.write_bytes(b"class")
    assert not start_cache.is_whole(cache)


def test_a_start_cache_belongs_to_its_place_and_its_jars(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    names = set()
    for content in ("", "a", "b"):
        (tmp_path / "server" / f"trino{content}.jar").write_text(content)
        names.add(start_cache.cache_file(tmp_path, tmp_path).name)
    assert len(names) == 3
    assert start_cache.cache_file(tmp_path / "moved", tmp_path).name not in names


def test_a_home_that_was_moved_or_is_of_other_jars_is_made_anew(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin" / "hive"
    (tmp_path / "hive").mkdir()
    (tmp_path / "hive" / "a.jar").touch()
    plugin.mkdir(parents=True)
    (plugin / "a.jar").symlink_to(tmp_path / "gone.jar")
    (plugin / "old.jar").symlink_to(tmp_path / "hive" / "a.jar")
    write_home(tmp_path, tmp_path, 1)
    assert sorted(one.name for one in plugin.iterdir()) == ["a.jar", "services.jar"]
    assert (plugin / "a.jar").resolve() == tmp_path / "hive" / "a.jar"


def test_who_waits_for_an_engine_that_has_ended_or_is_too_slow_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text("fine\n2026\tERROR\tmain\tno memory\n")
    with pytest.raises(EngineError, match=r"not ready after 0 s. From .*engine.log:\n2026\tERROR\tmain\tno memory"):
        wait_until_ready(tmp_path, 0)
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        (tmp_path / "pid").write_text(str(ended.pid))
        with pytest.raises(EngineError, match="ended while it started"):  # a zombie
            wait_until_ready(tmp_path)
    with pytest.raises(EngineError, match="ended while it started"):
        wait_until_ready(tmp_path)


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
