"""The deployed entry point, over an emulated AWS: real AssumeRole, real EC2 answers, real retries."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from collectors.scanning import runner
from collectors.scanning.member_role import MemberRole
from collectors.scanning.runner import NothingCollectedError
from handlers import collect
from lake.clients import CLIENT_CONFIG
from lake.configuration import Account
from lake.errors import ConfigurationError
from tests.unit.collectors.conftest import rows

EVENT = {"collector": "ebs_volumes", "slot": "2026-11-20T09:00:00Z"}
ACCOUNTS = [Account(f"{n}" * 12, f"Account {n}", None, ("us-east-1",)) for n in (1, 2)]


@pytest.fixture(scope="module", autouse=True)
def volumes(clients: Any) -> None:
    """One volume in each account."""
    role = MemberRole(boto3.client("sts"), "OutlayReadOnly", "the-external-id", "seed")
    for account in ACCOUNTS:
        ec2 = role.assume(account.account_id).session().client("ec2", region_name="us-east-1")
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=int(account.account_id[0]))


@pytest.fixture
def lake(make_lake: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The lake of these accounts, and the function's surroundings."""
    monkeypatch.setenv("OUTLAY_MEMBER_ROLE", "OutlayReadOnly")
    monkeypatch.setenv("OUTLAY_EXTERNAL_ID", "the-external-id")
    lake = make_lake(*ACCOUNTS)
    monkeypatch.setattr(collect, "_lake", lambda: lake)
    return lake


def context(remaining_ms: int = 900_000) -> Any:
    return SimpleNamespace(
        function_name="collect",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:collect",
        aws_request_id="1",
        get_remaining_time_in_millis=lambda: remaining_ms,
    )


def test_each_account_is_scanned_through_its_own_role(lake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect.handler(EVENT, context()) == {
        "collector": "ebs_volumes",
        "events": 2,
        "scans": {"ok": 2},
        "accounts_left": 0,
    }
    found = {(row["aws_account_id"], int(row["value"])) for row in rows(lake, "resource_events")}
    assert found == {("1" * 12, 1), ("2" * 12, 2)}
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [metrics] = [line for line in told if "_aws" in line]
    assert (metrics["EventsCollected"], metrics["Scans"], metrics["ScansFailed"]) == ([2.0], [2.0], [0.0])


def test_what_is_left_is_handed_on(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ACCOUNTS_PER_PART", 1)
    with continuations() as sent:
        collect.handler(EVENT, context(50_000))
    assert sent == [
        {
            "collector": "ebs_volumes",
            "slot": "2026-11-20T09:00:00+00:00",
            "part": 1,
            "accounts": ["222222222222"],
            "collected": True,
        }
    ]
    collect.handler(sent[0], context())
    assert len(rows(lake, "resource_events")) == 2


@contextmanager
def continuations() -> Iterator[list[dict[str, Any]]]:
    """The events with which the function invokes itself."""
    sent: list[dict[str, Any]] = []

    def invoked(params: dict[str, Any], **_: Any) -> Any:
        sent.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=202), {"StatusCode": 202}

    events = boto3._get_default_session().events
    events.register("before-call.lambda.Invoke", invoked)
    try:
        yield sent
    finally:
        events.unregister("before-call.lambda.Invoke", invoked)


def refuse(monkeypatch: pytest.MonkeyPatch, *account_ids: str) -> None:
    """These accounts do not let us in."""
    opened = collect.MemberRole.assume

    def assume(self: MemberRole, account_id: str) -> Any:
        if account_id in account_ids:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")
        return opened(self, account_id)

    monkeypatch.setattr(collect.MemberRole, "assume", assume)


@pytest.mark.parametrize("refused", [("1" * 12,), ("2" * 12,), ("1" * 12, "2" * 12)])
def test_only_the_last_part_fails_and_only_where_no_part_collected_anything(
    lake: Any, monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...]
) -> None:
    monkeypatch.setattr(runner, "ACCOUNTS_PER_PART", 1)
    refuse(monkeypatch, *refused)
    with continuations() as sent:
        collect.handler(EVENT, context(50_000))
        failed = False
        try:
            collect.handler(sent[0], context())
        except NothingCollectedError:
            failed = True
    assert failed == (len(refused) == 2)
    assert len(sent) == 1
    assert [row["status"] for row in rows(lake, "collector_runs")].count("denied") == len(refused)


def test_a_throttled_call_is_tried_again_before_it_is_an_outcome(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    tries = []
    refusal = b"<Error><Code>RequestLimitExceeded</Code><Message>Slow</Message></Error>"
    throttled = b"<Response><Errors>" + refusal + b"</Errors></Response>"

    def throttle(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        tries.append(request.url)
        raw = SimpleNamespace(stream=lambda *_, **__: iter([throttled]))
        return AWSResponse(request.url, 503, {}, raw)

    opened = collect.MemberRole.assume

    def assume(self: MemberRole, account_id: str) -> Any:
        access = opened(self, account_id)

        def session() -> boto3.Session:
            session = access.session()
            session.events.register_first("before-send.ec2.DescribeVolumes", throttle)
            return session

        return SimpleNamespace(session=session)

    monkeypatch.setattr(collect.MemberRole, "assume", assume)
    with pytest.raises(NothingCollectedError, match="throttled: RequestLimitExceeded"):
        collect.handler(EVENT, context())
    assert len(tries) == 2 * CLIENT_CONFIG.retries["total_max_attempts"]
    assert {row["status"] for row in rows(lake, "collector_runs")} == {"throttled"}


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"slot": EVENT["slot"]}, "event field collector is None"),
        ({**EVENT, "collector": "volumes"}, "no collector 'volumes'; there are ebs_volumes"),
        ({"collector": "ebs_volumes"}, "event field slot is ''"),
        ({**EVENT, "part": "1"}, "event field part is '1'"),
        ({**EVENT, "accounts": "111111111111"}, "event field accounts is '111111111111'"),
    ],
)
def test_a_wrong_event_names_the_field_and_the_remedy(lake: Any, event: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        collect.handler(event, context())
