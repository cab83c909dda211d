"""`outlay doctor`: what is wrong with this machine, or with a deployment in AWS, and what mends it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from lake.athena import Athena
from lake.environment import Environment
from lake.errors import OutlayError

ROOT = Path(__file__).resolve().parent.parent
DISK_GB, MEMORY_GB = 4, 4
SIGN = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}


@dataclass(frozen=True)
class Finding:
    """One check: its status (ok, warn or fail), what was found, and what mends it."""

    status: str
    text: str
    remedy: str = ""


def doctor(config: Path | None, console: Console) -> bool:
    """Check the machine, or the deployment that a settings folder describes; False where something must be mended."""
    findings = list(check_account(config) if config else check_machine())
    for finding in findings:
        console.print(f"{SIGN[finding.status]} {escape(finding.text)}")
        if finding.remedy:
            console.print(f"  [dim]{escape(finding.remedy)}[/dim]")
    return all(finding.status != "fail" for finding in findings)


def check_machine() -> Iterator[Finding]:
    """Python, packages, the engine, disk, memory and the browser of the page's tests."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", f"Python {version}")
    jars = ROOT / ".outlay" / "engine" / "jars"
    if any(jars.glob("server/*.jar")):
        yield Finding("ok", "the query engine is installed")
    else:
        yield Finding("fail", "the query engine is not installed", "run `make run`: it fetches what is missing")
    free = shutil.disk_usage(ROOT).free / 1e9
    remedy = "" if free >= DISK_GB else f"make room: {DISK_GB} GB are needed"
    yield Finding("fail" if remedy else "ok", f"{free:.0f} GB of disk free", remedy)
    yield from _memory()
    if shutil.which("chromium"):
        yield Finding("ok", "chromium is installed, for the page's tests")
    else:
        yield Finding("warn", "no chromium: the page's tests are skipped", "on Debian: apt-get install chromium")
    if (ROOT / ".outlay" / "lake" / "state").exists():
        yield Finding("ok", "a lake is there to be queried")
    else:
        yield Finding("warn", "no run has left a lake yet", "run `make run`")


def _memory() -> Iterator[Finding]:
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines())
        available = int(lines["MemAvailable"].split()[0]) / 1e6
        remedy = "" if available >= MEMORY_GB else f"close something: engine and cloud want {MEMORY_GB} GB"
        yield Finding("warn" if remedy else "ok", f"{available:.0f} GB of memory available", remedy)


def check_account(config: Path) -> Iterator[Finding]:
    """Credentials, stacks, schedules, Slack's secret, alarms and newest scans of the deployment that config describes."""
    from infra.settings import load_settings

    try:
        deployment = load_settings(config).deployment
        identity = boto3.client("sts").get_caller_identity()
    except (OutlayError, BotoCoreError, ClientError) as error:
        yield Finding("fail", str(error), "mend the settings, or sign in: `aws sso login`, or set AWS_PROFILE")
        return
    if deployment.account and identity["Account"] != deployment.account:
        told = f"signed in to account {identity['Account']}, and {config}/deployment.yaml says {deployment.account}"
        yield Finding("fail", told, "sign in to the other account, or edit the file")
        return
    yield Finding("ok", f"signed in to account {identity['Account']}")
    for check in (_stacks, _schedules, _secret, _alarms, _scans):
        yield from _safely(check, deployment.name, deployment.database_prefix)


def _safely(check: Callable[[str, str], Iterator[Finding]], name: str, prefix: str) -> Iterator[Finding]:
    """The check's findings; what it may not ask is a finding too."""
    try:
        yield from list(check(name, prefix))
    except (OutlayError, BotoCoreError, ClientError) as error:
        yield Finding("fail", f"could not be checked: {error}", "deploy with `cdk deploy --all`, or ask for read access")


def _stacks(name: str, prefix: str) -> Iterator[Finding]:
    del prefix
    stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
    for wanted in ("lake", "collection", "rollups", "alerts", "member-role"):
        stack = next((s for s in stacks if s["StackName"] == f"{name}-{wanted}"), None)
        if stack is None:
            yield Finding("fail", f"stack {name}-{wanted} is not deployed", "run `cdk deploy --all`")
        elif stack["StackStatus"].endswith("_COMPLETE") and "ROLLBACK" not in stack["StackStatus"]:
            yield Finding("ok", f"stack {name}-{wanted} is {stack['StackStatus']}")
        else:
            remedy = "see its events in CloudFormation's console"
            yield Finding("fail", f"stack {name}-{wanted} is {stack['StackStatus']}", remedy)


def _schedules(name: str, prefix: str) -> Iterator[Finding]:
    del prefix
    scheduler = boto3.client("scheduler")
    groups = [f"{name}-{group}" for group in ("collection", "rollups", "alerts")]
    found = [s for group in groups for s in scheduler.list_schedules(GroupName=group)["Schedules"]]
    off = [s["Name"] for s in found if s["State"] != "ENABLED"]
    if off:
        yield Finding("warn", f"schedules are off: {', '.join(off)}", "turn them on in EventBridge Scheduler's console")
    else:
        yield Finding("ok", f"{len(found)} schedules are on")


def _secret(name: str, prefix: str) -> Iterator[Finding]:
    del prefix
    text = boto3.client("secretsmanager").get_secret_value(SecretId=f"{name}/slack")["SecretString"]
    if "bot_token" in text or "webhook_url" in text:
        yield Finding("ok", "Slack's secret is filled in")
    else:
        yield Finding("fail", f"secret {name}/slack holds no bot_token and no webhook_url", "docs/deploy.md, Slack")


def _alarms(name: str, prefix: str) -> Iterator[Finding]:
    del prefix
    ringing = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{name}-", StateValue="ALARM")["MetricAlarms"]
    for alarm in ringing:
        text = f"alarm {alarm['AlarmName']} rings: {alarm.get('StateReason', '')}"
        yield Finding("fail", text, alarm.get("AlarmDescription", ""))
    if not ringing:
        yield Finding("ok", "no alarm rings")


def _scans(name: str, prefix: str) -> Iterator[Finding]:
    account = boto3.client("sts").get_caller_identity()["Account"]
    bucket = f"{name}-lake-{account}-{boto3.session.Session().region_name}"
    rows = Athena(Environment(bucket, name, prefix), "outlay").rows(
        "select status, count(*) as scans, max(last_scan_at) as newest from collection_coverage group by status"
    )
    failing = sum(row["scans"] for row in rows if row["status"] != "ok")
    total = sum(row["scans"] for row in rows)
    if not total:
        yield Finding("warn", "nothing has been scanned yet", "wait for the next full hour")
    elif failing:
        yield Finding("warn", f"{failing} of {total} scans fail", "saved query where_evidence_is_missing says which and why")
    else:
        newest = max(row["newest"] for row in rows)
        yield Finding("ok", f"all {total} scans succeed, the newest at {newest:%Y-%m-%d %H:%M} UTC")
