"""The lake stays open between queries: asked at once, by several, never twice, never alone, never in the way of a newer lake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path

import pytest

import local.service
from embedded.cloud import EmbeddedCloud
from embedded.engine.jars import JARS_HOME
from lake.errors import OutlayError, QueryError
from local.answer import Answer
from local.asking import OpenLake, stop_service
from local.home import HomeError, current_lake, new_lake, remove_old_lakes
from local.lake_sql import GaveUpError
from local.service import LakeService

KEY = b"key"
SOON_S = 60
"""Far longer than it takes; a loaded machine may need it."""


class SlowLake:
    """Answers with the statement; `sleep` until nobody waits any more."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled = threading.Event()

    def ask(self, sql: str, gave_up: Callable[[], bool] = lambda: False) -> Answer:
        self.asked.append(sql)
        if sql == "wrong":
            raise QueryError("no such thing")
        while sql == "sleep":
            if gave_up():
                self.cancelled.set()
                raise GaveUpError
            time.sleep(0.01)
        rows = (("v",),) if sql == "show views" else ((sql,),)
        return Answer((("said", "varchar"),), rows, 1, 2)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[SlowLake, LakeService, Path]]:
    """A service without an engine, and where it listens."""
    lake = SlowLake()
    service = LakeService(lake)
    with Listener(str(tmp_path / "s"), family="AF_UNIX", authkey=KEY) as listener:
        threading.Thread(target=service.listen, args=(listener,), daemon=True).start()
        yield lake, service, tmp_path / "s"
        service.ended.set()


def test_several_ask_at_once_and_a_mistake_is_its_askers_alone(served: tuple[SlowLake, LakeService, Path]) -> None:
    _, service, address = served
    with Client(str(address), authkey=KEY) as one, Client(str(address), authkey=KEY) as other:
        one.send_bytes(b'"sleep"')
        other.send_bytes(b'"wrong"')
        assert other.recv_bytes() == b'{"error": "no such thing"}'
        other.send_bytes(b'"select 1"')
        assert b'"rows": [["select 1"]]' in other.recv_bytes()
        assert service.idle_s == 0, "somebody is still waiting"


def test_who_goes_away_has_his_query_cancelled(served: tuple[SlowLake, LakeService, Path]) -> None:
    lake, service, address = served
    with Client(str(address), authkey=KEY) as asker:
        asker.send_bytes(b'"sleep"')
        while not lake.asked:
            time.sleep(0.01)
    assert lake.cancelled.wait(SOON_S)
    while service.idle_s == 0:
        time.sleep(0.01)


def test_who_has_no_key_is_not_answered_and_disturbs_nobody(served: tuple[SlowLake, LakeService, Path]) -> None:
    lake, _, address = served
    with pytest.raises(AuthenticationError):
        Client(str(address), authkey=b"another")
    with Client(str(address), authkey=KEY) as asker:
        asker.send_bytes(b'"select 1"')
        asker.recv_bytes()
    assert lake.asked == ["select 1"]


def test_views_are_warmed_up_after_the_first_answer(
    served: tuple[SlowLake, LakeService, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.service, "_QUIET_S", 0.1)
    lake, service, address = served
    warming = threading.Thread(target=service.warm_up)
    warming.start()
    with Client(str(address), authkey=KEY) as asker:
        asker.send_bytes(b'"select 1"')
        asker.recv_bytes()
    warming.join(SOON_S)
    assert lake.asked == ["select 1", "show views", 'select * from "v" limit 1']


def test_stopping_nothing_is_said_and_no_lake_says_what_to_do(tmp_path: Path) -> None:
    assert stop_service(tmp_path) is False
    with pytest.raises(HomeError, match="run `make run` first"):
        OpenLake(tmp_path).ask("select 1")


def make_lake(home: Path, database: str) -> Path:
    """A lake with nothing but a database; the workgroup is where the service asks."""
    with new_lake(home) as folder:
        with EmbeddedCloud(folder, engine=False, slack=False) as cloud:
            cloud.client("s3").create_bucket(Bucket="results")
            results = {"ResultConfiguration": {"OutputLocation": "s3://results/"}, "EnforceWorkGroupConfiguration": True}
            cloud.client("athena").create_work_group(Name="outlay", Configuration=results)
            cloud.client("glue").create_database(DatabaseInput={"Name": "outlay"})
            cloud.client("glue").create_database(DatabaseInput={"Name": database})
        (folder / "config").mkdir()
        (folder / "config" / "deployment.yaml").write_text("name: outlay\n")
        for name in ("report.html", "report.json"):
            (folder / name).touch()
    return folder


def services(home: Path) -> list[int]:
    """Every process that belongs to the service of home, the service first."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            alive = (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if (os.fsencode(home) in command and alive and b"embedded." in command) or b"local.service\0" + os.fsencode(
            home
        ) in command:
            found.append((b"local.service" not in command, int(process.name)))
    return [pid for _, pid in sorted(found)]


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    if not JARS_HOME.exists():
        pytest.skip("the engine's jars are not installed: python -m embedded.engine.install")
    yield tmp_path
    stop_service(tmp_path)
    wait_until(lambda: services(tmp_path) == [])


@pytest.mark.exhaustive
def test_the_lake_stays_open_for_all_who_ask_until_it_is_replaced_or_stopped(home: Path) -> None:
    make_lake(home, "first")
    with ThreadPoolExecutor(4) as pool:  # the first of them opens it, the others wait for that
        answers = list(pool.map(lambda n: OpenLake(home).ask(f"select {n} as n").rows, range(4)))
    assert answers == [((str(n),),) for n in range(4)]
    (service, *_) = running = services(home)
    assert len(running) == 3, "the service, its cloud and its engine"
    assert ("first",) in OpenLake(home).ask("show databases").rows
    with pytest.raises(QueryError, match="open for reading"):
        OpenLake(home).ask("drop database first")

    old = current_lake(home)
    make_lake(home, "second")
    assert ("second",) in OpenLake(home).ask("show databases").rows, "the service of the old lake ends by itself"
    assert services(home)[0] != service
    assert old.exists()
    remove_old_lakes(home)

    os.kill(services(home)[0], signal.SIGKILL)
    wait_until(lambda: services(home) == [])
    assert OpenLake(home, idle_seconds=1).ask("select 1 as n").rows == (("1",),), "after a crash it is opened again"
    wait_until(lambda: services(home) == [])


@pytest.mark.exhaustive
def test_a_lake_that_cannot_be_opened_says_why_in_the_askers_terminal(home: Path) -> None:
    folder = make_lake(home, "first")
    (folder / "state" / "lake.json").unlink()
    with pytest.raises(OutlayError, match="the lake could not be opened: There is no saved lake"):
        OpenLake(home).ask("select 1")


@pytest.mark.exhaustive
def test_the_service_outlives_who_started_it_and_ctrl_c_there(home: Path) -> None:
    make_lake(home, "first")
    script = "import sys; from pathlib import Path; from local.asking import OpenLake; OpenLake(Path(sys.argv[1])).ask('select 1')"
    subprocess.run([sys.executable, "-c", script, str(home)], check=True)
    running = services(home)
    assert OpenLake(home).ask("select 2 as n").rows == (("2",),)
    assert services(home) == running
    assert stop_service(home) is True
    wait_until(lambda: services(home) == [])
