"""`outlay run`: the demo company, or a bill of one's own, from delivery to Slack, then the page and the summary."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console

from embedded.engine import start_cache
from embedded.engine.errors import EngineError
from embedded.engine.prepare import prepare
from lake.environment import Environment
from local.asking import stop_service
from local.home import HOME, PAGE, REPORT, ROOT, SERVICE, SERVICE_LOCK, locked, new_lake, remove_old_lakes
from local.own_bill import OwnBill, find_bill
from local.report import data, page, terminal
from local.report.charges import QueryCost
from local.report.model import Report, SlackMessage
from local.run import DEMO_CONFIG, Deployed, Step, deployed, tell, work

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMO_TITLE = "Harbor, a demo company"
Form = Literal["summary", "brief", "json"]
NEXT = (
    (".venv/bin/outlay slack", "what was told to Slack"),
    (".venv/bin/outlay queries", "questions by name; query --saved NAME asks one"),
    (".venv/bin/outlay shell", "Athena SQL on this lake, now or tomorrow"),
    ("make run BILL=path", "the same for a bill of your own"),
    ("docs/deploy.md", "how this gets into an AWS account"),
)


def main_job(bill: Path | None, step: Step, form: Form) -> None:
    """Deploy, work, report: leaves the lake, the page and the report in .outlay/. Raises OutlayError where that failed."""
    started = time.monotonic()
    own = find_bill(bill.resolve()) if bill else None
    prepare_engine(step)
    with new_lake() as folder:
        config = own.configure(ROOT / "config", folder / "own-config") if own else DEMO_CONFIG
        with deployed(config, folder, step) as lake:
            if own:
                _deliver_own(own, lake, step)
            else:
                _deliver_demo(lake, step)
            work(lake, step, scans=own is None)
            step("telling Slack what is new, gathering the report")
            report = _tell_and_gather(lake, bill.name if bill else DEMO_TITLE)
        (folder / PAGE).write_text(page.render(report), encoding="utf-8")
        (folder / REPORT).write_text(report.to_json(), encoding="utf-8")
    close_replaced_lake()
    step(f"done in {time.monotonic() - started:.0f} s")
    _show(report, form)


def prepare_engine(step: Step) -> None:
    """Make the engine's start cache where there is none, or one that is not whole; a run goes on without it."""
    if not start_cache.is_whole(start_cache.cache_file()):
        step("preparing the query engine for fast starts (once)")
        try:
            prepare()
        except EngineError as error:
            step(f"the engine will start slowly: {error}")


def close_replaced_lake() -> None:
    """End the service that still has the lake of an earlier run open, and remove that lake."""
    stop_service()
    with locked(HOME / SERVICE / SERVICE_LOCK, 0) as free:
        if free:  # else somebody has just opened the new lake, and the next run removes the old one
            remove_old_lakes()


def _show(report: Report, form: Form) -> None:
    """The report on standard output."""
    at = HOME / PAGE
    shown = str(at.relative_to(Path.cwd()) if at.is_relative_to(Path.cwd()) else at)
    if form == "summary":
        Console().print(terminal.summary(report, page=shown, next_lines=NEXT))
    else:
        sys.stdout.write((report.to_json() if form == "json" else terminal.brief(report, shown)) + "\n")


def _tell_and_gather(lake: Deployed, title: str) -> Report:
    """Side by side, since neither needs the other: both wait for Athena most of the time."""
    pool = ThreadPoolExecutor(1)
    try:
        telling = pool.submit(tell, lake)
        report = gather(lake, title)
        telling.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for what runs: it ends with the cloud
    return replace(report, messages=tuple(_messages(lake)), queries=tuple(_charged(lake)))


def gather(lake: Deployed, title: str) -> Report:
    """The report of a lake that has done its work, read through Athena."""
    from lake.athena import Athena

    with _administrator(lake):
        athena = Athena(Environment(lake.bucket, lake.workgroup, lake.database.removesuffix("outlay")), "outlay")
        return data.gather(athena.rows, lake.database, title, _messages(lake), lambda: _charged(lake))


@contextmanager
def _administrator(lake: Deployed) -> Iterator[None]:
    """This process's AWS calls go to the embedded cloud, as the central account's administrator."""
    import boto3

    before = dict(os.environ)
    os.environ.update(lake.cloud.environment())
    boto3.setup_default_session()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        boto3.DEFAULT_SESSION = None


def _deliver_demo(lake: Deployed, step: Callable[[str], None]) -> None:
    from local.demo.bill import build_bill
    from local.demo.company import build_company
    from local.demo.export import deliver

    step("moving the demo company in: 3 accounts, 3 regions")
    lake.cloud.command("seed", function="local.demo.inventory:seed")
    done = deliver(lake.cloud.client("s3"), lake.bucket, "bills/aws/", build_bill(build_company()))
    step(f"delivered {done.line_items:,} bill lines of 60 days")


def _deliver_own(bill: OwnBill, lake: Deployed, step: Callable[[str], None]) -> None:
    files = bill.deliver(lake.cloud.client("s3"), lake.bucket)
    step(f"took your bill for {bill.title} and delivered {files} file{'' if files == 1 else 's'} of it")


def _messages(lake: Deployed) -> list[SlackMessage]:
    return [
        SlackMessage(m.get("channel"), m.get("text", ""), m["ts"], m.get("thread_ts"), tuple(m.get("blocks") or ()))
        for m in lake.cloud.slack_messages()
    ]


def _charged(lake: Deployed) -> list[QueryCost]:
    """Every query that the run made, as Athena would bill it."""
    athena = lake.cloud.client("athena")
    ids: list[str] = []
    token: dict[str, Any] = {}
    while True:
        found = athena.list_query_executions(WorkGroup=lake.workgroup, **token)
        ids += found["QueryExecutionIds"]
        if "NextToken" not in found:
            break
        token = {"NextToken": found["NextToken"]}
    costs = []
    for start in range(0, len(ids), 50):
        for query in athena.batch_get_query_execution(QueryExecutionIds=ids[start : start + 50])["QueryExecutions"]:
            billed = query["StatementType"] == "DML" and query["Status"]["State"] != "FAILED"
            costs.append(QueryCost(int(query["Statistics"].get("DataScannedInBytes", 0)), billed))
    return costs
