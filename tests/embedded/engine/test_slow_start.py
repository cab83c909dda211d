"""An engine that takes a minute to start: what is asked of it meanwhile waits, and is answered."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from embedded.cloud import EmbeddedCloud

SLOW_S = 60
TURN_S = 0.5
SHARE = 0.1
"""How much of each turn the engine may run: a tenth, so that each state on its way lasts ten times as long."""
pytestmark = pytest.mark.exhaustive


def test_what_is_asked_of_an_engine_that_starts_for_a_minute_is_answered(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(tmp_path, slack=False)
    started = time.monotonic()
    cloud.start()
    slowed = threading.Thread(target=slow_down, args=(cloud.engine.process.pid, started))
    slowed.start()
    try:
        cloud.wait_ready(engine=False)
        cloud.client("s3").create_bucket(Bucket="results")
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda number: answer(cloud, f"select {number} as n"), range(3)))
        assert answers == [["n", str(number)] for number in range(3)]
        assert time.monotonic() - started > SLOW_S, "it was ready before its time: this shows nothing"
    finally:
        slowed.join()
        cloud.stop()


def slow_down(pid: int, started: float) -> None:
    """Let the engine run for a part of each turn, and stop it dead at the end until the minute is over."""
    while time.monotonic() - started < SLOW_S:
        os.kill(pid, signal.SIGCONT)
        time.sleep(TURN_S * SHARE)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(TURN_S * (1 - SHARE))
    os.kill(pid, signal.SIGCONT)


def answer(cloud: EmbeddedCloud, sql: str) -> list[Any]:
    """A column of a query's answer, asked at once and waited for."""
    athena = cloud.client("athena")
    output = {"OutputLocation": "s3://results/"}
    query = athena.start_query_execution(QueryString=sql, ResultConfiguration=output)["QueryExecutionId"]
    while (done := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        time.sleep(0.1)
    assert done["State"] == "SUCCEEDED", done
    found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [row["Data"][0]["VarCharValue"] for row in found]
