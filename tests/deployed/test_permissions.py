"""No permission is spare, and none is missing: what each role was given is what a complete run asks of it.

Two proofs. Every grant of every role (an action on a resource) is the only one that allows something which a complete run
asked for. And each action, taken away from its role, breaks a run that is then made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count

import boto3
import pytest
from botocore.exceptions import ClientError

from collectors.scanning.discovery import collectors
from embedded.cloud import policies
from local.run import Deployed
from tests.deployed.complete_run import GROUPS, MEMBER, CompleteRun
from tests.deployed.outlay import Outlay
from tests.deployed.roles import Role, recorded

pytestmark = pytest.mark.exhaustive

Asked = list[tuple[str, str, str, bool]]
Probe = Callable[[], object]
FUNCTIONS = ("collect", "bills", "rollup", "notify", "schema")
SCHEDULES = tuple(f"{group}-schedules" for group in GROUPS)
NEVER_ASKED = {
    "s3:AbortMultipartUpload": "asked for only where an upload in parts breaks off, whose parts would be paid for until they "
    "expire a day later",
    "glue:GetPartition": "Athena may ask for one partition, or for some, in place of a page of all; the embedded engine pages",
    "glue:BatchGetPartition": "as glue:GetPartition",
    "xray:PutTraceSegments": "traces of a run; the embedded cloud has no X-Ray, and nothing else depends on it",
    "xray:PutTelemetryRecords": "as xray:PutTraceSegments",
}
"""Actions that no run here asks for, and why roles have them nevertheless."""

GOING_ON = ("s3:GetObject", "/reading/*")
"""Asked for only where a bill of more than a gigabyte, which no run here has, is gone on with; tests/unit has one."""


@pytest.fixture(scope="module")
def run(deployed: Deployed) -> Iterator[CompleteRun]:
    """The deployment, emptied once: these tests build on each other's lake."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.cloud.environment().items():
            patch.setenv(name, value)
        boto3.setup_default_session()
        outlay = Outlay.of(deployed)
        outlay.empty()
        yield CompleteRun(outlay)


@pytest.fixture(scope="module")
def asked(run: CompleteRun) -> Asked:
    """What IAM was asked in a complete run."""
    with recorded(run.cloud) as found:
        run.everything()
    return found


@pytest.mark.parametrize("purpose", [*FUNCTIONS, *SCHEDULES, "member"])
def test_every_grant_was_needed_and_nothing_else_was_asked_for(run: CompleteRun, asked: Asked, purpose: str) -> None:
    role = run.role(purpose, MEMBER if purpose == "member" else None)
    allowed = {(action, resource) for arn, action, resource, answer in asked if arn == role.arn and answer}
    refused = {(action, resource) for arn, action, resource, answer in asked if arn == role.arn and not answer}
    going_on = {one for one in role.grants() if (one.action, one.resource[-len(GOING_ON[1]) :]) == GOING_ON}
    spare = role.grants() - role.needed(allowed) - going_on
    for grant in sorted(spare):
        sys.stdout.write(f"{role.name}: {grant.action} on {grant.resource}: {NEVER_ASKED.get(grant.action, 'SPARE')}\n")
    assert {grant.action for grant in spare} <= set(NEVER_ASKED)
    assert refused <= allowed, "refused was what a schedule's role was deprived of, and else nothing"


def broken(run: CompleteRun, role: Role, probes: Mapping[str, Probe], otherwise: Probe | None = None) -> None:
    """Assert that actions of a role, taken away in turn, are missed: the probe says no, and IAM has refused just that.

    The actions are those that have a probe, or, with otherwise, all.
    """
    actions = {grant.action for grant in role.grants()} - set(NEVER_ASKED) if otherwise else set(probes)
    unharmed = []
    for action in sorted(actions):
        with recorded(run.cloud) as asked, role.without(action):
            went_well = probes[action]() if action in probes else otherwise and otherwise()
        if went_well or (role.arn, action, False) not in {(arn, what, answer) for arn, what, _, answer in asked}:
            unharmed.append(action)
    assert not unharmed


def telling(run: CompleteRun, purpose: str) -> dict[str, Probe]:
    """What every function needs so that people hear of it: log lines, dead letters."""
    probes: dict[str, Probe] = dict.fromkeys(("logs:CreateLogStream", "logs:PutLogEvents"), lambda: run.is_logged(purpose))
    return probes if purpose == "schema" else {**probes, "sqs:SendMessage": lambda: run.give_up(purpose)}


def test_collect_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    probes: dict[str, Probe] = {
        **telling(run, "collect"),
        "lambda:InvokeFunction": lambda: run.run_out_of_time().error is None,
        "s3:GetObject": run.keeps_what_was_seen,
    }
    assert run.keeps_what_was_seen()
    broken(run, run.role("collect"), probes, lambda: run.invoke("collect").error is None)


def test_bills_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    amounts = count(170)

    def publishes() -> bool:
        run.deliver(float(next(amounts)))
        return run.invoke("bills").error is None

    broken(run, run.role("bills"), telling(run, "bills"), publishes)
    assert publishes()


def test_rollup_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    def works() -> bool:
        return run.invoke("rollup").error is None

    run.restate(180.0)
    housekeeping = ("s3:DeleteObject", "glue:DeletePartition")
    actions = {grant.action for grant in run.role("rollup").grants()} - {*NEVER_ASKED, *housekeeping}
    broken(run, run.role("rollup"), {**dict.fromkeys(actions, works), **telling(run, "rollup")})
    assert works()
    run.grow_old()
    broken(run, run.role("rollup"), dict.fromkeys(housekeeping, works))
    assert works()


def test_notify_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    def tells() -> bool:
        run.outlay.forget_told()
        return run.invoke("notify").error is None

    def tells_after_slack_failed() -> bool:
        run.outlay.forget_told()
        run.refused_by_slack()
        return run.invoke("notify").payload == {"sent": 1, "left": 0}

    assert tells_after_slack_failed()
    probes = {**telling(run, "notify"), "dynamodb:DeleteItem": tells_after_slack_failed}
    broken(run, run.role("notify"), probes, tells)


def test_schema_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    broken(run, run.role("schema"), telling(run, "schema"), lambda: run.change_schema() == "SUCCESS")


@pytest.mark.parametrize("group", GROUPS)
def test_schedules_miss_each_of_their_actions(run: CompleteRun, asked: Asked, group: str) -> None:
    starts = lambda: run.cloud.fire(GROUPS[group][-1], run.slot).error is None  # noqa: E731
    probes: dict[str, Probe] = {"lambda:InvokeFunction": starts, "sqs:SendMessage": lambda: run.lose_schedule(group)}
    broken(run, run.role(f"{group}-schedules"), probes, starts)


def test_a_member_account_misses_each_of_its_actions(run: CompleteRun, asked: Asked) -> None:
    scans: dict[str, Probe] = {
        action: lambda name=name: run.scan_member(name)  # type: ignore[misc]
        for name, collector in collectors().items()
        for action in collector.actions
    }
    broken(run, run.role("member", MEMBER), scans, lambda: True)


@pytest.mark.parametrize(
    ("purpose", "action", "resource"),
    [
        *((purpose, "secretsmanager:GetSecretValue", "secret") for purpose in FUNCTIONS if purpose != "notify"),
        *((purpose, "sts:AssumeRole", "member role") for purpose in FUNCTIONS if purpose != "collect"),
        *((purpose, "dynamodb:GetItem", "sent") for purpose in FUNCTIONS if purpose != "notify"),
        *((purpose, "s3:GetObject", "events") for purpose in ("collect", "bills", "schema")),
        *((purpose, "s3:GetObject", "bill") for purpose in FUNCTIONS if purpose != "bills"),
        *((purpose, "s3:PutObject", "events") for purpose in ("rollup", "notify", "schema")),
        *((purpose, "s3:PutObject", "bill") for purpose in FUNCTIONS),
        *((purpose, "s3:DeleteObject", "events") for purpose in FUNCTIONS if purpose != "rollup"),
        *((purpose, "s3:DeleteObject", "bill") for purpose in FUNCTIONS),
        *((purpose, "s3:PutObject", "notifications") for purpose in FUNCTIONS if purpose != "notify"),
        *((purpose, "iam:PutRolePolicy", "member role") for purpose in FUNCTIONS),
    ],
)
def test_what_belongs_to_others_stays_theirs(run: CompleteRun, purpose: str, action: str, resource: str) -> None:
    bucket, account = run.outlay.deployed.bucket, run.cloud.account
    secrets = run.cloud.client("secretsmanager").list_secrets()["SecretList"]
    arns = {
        "secret": next(secret["ARN"] for secret in secrets if secret["Name"] == f"{run.name}/slack"),
        "sent": f"arn:aws:dynamodb:us-east-1:{account}:table/{run.name}-sent",
        "member role": run.role("member", MEMBER).arn,
        "events": f"arn:aws:s3:::{bucket}/tables/outlay/resource_events/event_type=cost/collector=x/0000.parquet",
        "notifications": f"arn:aws:s3:::{bucket}/tables/outlay/notifications/x.parquet",
        "bill": f"arn:aws:s3:::{bucket}/bills/aws/x.parquet",
    }
    assert not policies.permits(run.role(purpose).documents.values(), action, arns[resource])


def test_the_check_above_sees_what_is_allowed(run: CompleteRun) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{run.cloud.account}:table/{run.name}-sent"
    assert policies.permits(run.role("notify").documents.values(), "dynamodb:GetItem", table)


def test_nobody_but_collect_with_the_external_id_enters_an_account(run: CompleteRun) -> None:
    told = run.cloud.client("lambda").get_function_configuration(FunctionName=f"{run.name}-collect")["Environment"]
    right = told["Variables"]["OUTLAY_EXTERNAL_ID"]
    sts = run.cloud.client("sts")
    for extra in ({}, {"ExternalId": "wrong-0123456789"}, {"ExternalId": right}):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=run.role("member", MEMBER).arn, RoleSessionName="thief", **extra)
    with run.told("collect", OUTLAY_EXTERNAL_ID="wrong-0123456789"):
        done = run.invoke("collect")
    assert done.error is not None
    assert "AccessDenied" in done.payload["errorMessage"]
    assert right not in str(done)


@pytest.mark.parametrize("purpose", FUNCTIONS)
def test_a_functions_role_is_for_lambda_alone(run: CompleteRun, purpose: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        run.cloud.client("sts").assume_role(RoleArn=run.role(purpose).arn, RoleSessionName="thief")
