"""A deployment in AWS, checked in its own region with the caller's credentials; nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings.load import load_settings
from lake.errors import ConfigurationError, OutlayError
from local.doctor.billing import check_deliveries, check_exports, check_tags
from local.doctor.finding import CheckResult
from local.doctor.smoke import check_statements
from local.doctor.stacks import DeployedStacks
from local.doctor.surroundings import check_lake_formation, check_layers, check_listeners
from local.lake_sql import LakeSql

STACKS = ("lake", "collection", "rollups", "alerts", "member-role")
SCHEDULE_GROUPS = ("collection", "rollups", "alerts")
SCANS = """select status, count(*) as scans, max(slot) as newest
from (
    select max_by(status, slot) as status, max(slot) as slot
    from collector_runs
    where run_date >= current_date - interval '7' day
    group by collector, aws_account_id, aws_region
)
group by status"""
"""The newest outcome of each scan of the last week. collection_coverage knows only what the rollups have seen."""


def check_account(config: Path, *, smoke: bool = False) -> Iterator[CheckResult]:
    """Everything about the deployment that config describes; smoke: a statement of each kind is run in Athena, too."""
    try:
        whole = load_settings(config)
        settings = whole.deployment
    except ConfigurationError as error:
        yield CheckResult("fail", str(error), "correct the settings")
        return
    try:
        session = boto3.session.Session(region_name=settings.region)
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        yield CheckResult("fail", str(error), "sign in: `aws sso login`, or set AWS_PROFILE")
        return
    if settings.account and account != settings.account:
        told = f"signed in to account {account}, and {config}/deployment.yaml says {settings.account}"
        yield CheckResult("fail", told, "sign in to the other account, or edit the file")
        return
    yield CheckResult("ok", f"signed in to account {account}, region {session.region_name}")
    for check in (*CHECKS, check_statements) if smoke else CHECKS:
        yield from _safely(check, DeployedStacks(whole, session))


def _safely(check: Callable[[DeployedStacks], Iterator[CheckResult]], deployment: DeployedStacks) -> Iterator[CheckResult]:
    """The check's findings; what it may not ask is a finding too."""
    try:
        yield from check(deployment)
    except (OutlayError, BotoCoreError, ClientError) as error:
        yield CheckResult("fail", f"could not be checked: {error}", "deploy with `cdk deploy --all`, or ask for read access")


def _stacks(deployment: DeployedStacks) -> Iterator[CheckResult]:
    pages = deployment.session.client("cloudformation").get_paginator("describe_stacks").paginate()
    status = {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}
    for name in (f"{deployment.name}-{stack}" for stack in STACKS):
        if name not in status:
            yield CheckResult("fail", f"stack {name} is not deployed", "run `cdk deploy --all`")
        elif status[name].endswith("_COMPLETE") and "ROLLBACK" not in status[name]:
            yield CheckResult("ok", f"stack {name} is {status[name]}")
        else:
            yield CheckResult("fail", f"stack {name} is {status[name]}", "see its events in CloudFormation's console")


def _schedules(deployment: DeployedStacks) -> Iterator[CheckResult]:
    pages = deployment.session.client("scheduler").get_paginator("list_schedules")
    groups = (f"{deployment.name}-{group}" for group in SCHEDULE_GROUPS)
    found = [one for group in groups for page in pages.paginate(GroupName=group) for one in page["Schedules"]]
    off = [one["Name"] for one in found if one["State"] != "ENABLED"]
    if off:
        yield CheckResult("warn", f"schedules are off: {', '.join(off)}", "turn them on in EventBridge Scheduler's console")
    elif found:
        yield CheckResult("ok", f"{len(found)} schedules are on")
    else:
        yield CheckResult("fail", "there are no schedules", "run `cdk deploy --all`")


def _secret(deployment: DeployedStacks) -> Iterator[CheckResult]:
    secret = deployment.settings.slack.secret_arn or f"{deployment.name}/slack"
    text = deployment.session.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    if _names_slack(text):
        yield CheckResult("ok", "Slack's secret is filled in")
    else:
        yield CheckResult("fail", f"secret {secret} holds no bot_token and no webhook_url", "docs/deploy.md, Slack")


def _names_slack(text: str) -> bool:
    """Whether the secret is what the notifier reads."""
    try:
        secret = json.loads(text)
    except ValueError:
        return False
    return isinstance(secret, dict) and bool(secret.get("bot_token") or secret.get("webhook_url"))


def _alarms(deployment: DeployedStacks) -> Iterator[CheckResult]:
    pages = deployment.session.client("cloudwatch").get_paginator("describe_alarms")
    found = pages.paginate(AlarmNamePrefix=f"{deployment.name}-", StateValue="ALARM")
    ringing = [alarm for page in found for alarm in page["MetricAlarms"]]
    for alarm in ringing:
        text = f"{alarm['AlarmName']} is in alarm: {alarm.get('StateReason', '')}"
        yield CheckResult("fail", text, alarm.get("AlarmDescription", ""))
    if not ringing:
        yield CheckResult("ok", "nothing is in alarm")


def _scans(deployment: DeployedStacks) -> Iterator[CheckResult]:
    athena = deployment.session.client("athena")
    rows = LakeSql(athena, deployment.name, f"{deployment.settings.database_prefix}outlay").ask(SCANS).rows
    total = sum(int(scans or 0) for _, scans, _ in rows)
    failing = sum(int(scans or 0) for status, scans, _ in rows if status != "ok")
    if not total:
        yield CheckResult("warn", "nothing has been scanned yet", "wait for the next full hour")
    elif failing:
        yield CheckResult(
            "warn", f"{failing} of {total} scans fail", "saved query where_evidence_is_missing says which and why"
        )
    else:
        newest = max(str(newest) for *_, newest in rows)
        yield CheckResult("ok", f"all {total} scans succeed, the newest at {newest[:16]} UTC")


CHECKS: tuple[Callable[[DeployedStacks], Iterator[CheckResult]], ...] = (
    _stacks,
    _schedules,
    _secret,
    check_layers,
    check_lake_formation,
    check_exports,
    check_deliveries,
    check_tags,
    check_listeners,
    _alarms,
    _scans,
)
