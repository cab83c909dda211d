"""The function `notify`: what it answers, and that it fails once everything that could be said was."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from handlers import notify
from lake.configuration import Configuration
from lake.errors import ConfigurationError, OutlayError
from tests.support.catalog import CATALOG
from tests.unit.notifiers.conftest import BUCKET, MEMORY, SECRET, Bench
from tests.unit.notifiers.examples import anomaly, violation

EVENT = {"slot": "2026-11-20T09:40:00Z"}


@pytest.fixture
def invoke(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls the handler as Lambda does, with the environment that the stack sets."""
    environment = {
        "OUTLAY_BUCKET": BUCKET,
        "OUTLAY_WORKGROUP": "outlay",
        "OUTLAY_IDEMPOTENCY_TABLE": MEMORY,
        "OUTLAY_SLACK_SECRET_ARN": SECRET,
        "OUTLAY_SLACK_API_URL": f"{bench.slack.url}/api/",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("lake.lake.load_catalog", lambda: CATALOG)
    monkeypatch.setattr("lake.lake.load_configuration", lambda: Configuration((), {}, (), (), bench.notifications))
    monkeypatch.setattr(notify, "Athena", lambda *_: SimpleNamespace(rows=bench.read))
    context = SimpleNamespace(
        function_name="notify",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:notify",
        aws_request_id="1",
        get_remaining_time_in_millis=lambda: 300_000,
    )
    return lambda event: notify.handler(event, context)


def test_it_answers_how_many_it_sent_and_counts_them(bench: Bench, invoke: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bench.findings = [violation(owner="#team")]
    assert invoke(EVENT) == {"sent": 1, "left": 0}
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "NotificationsSent" in line]
    assert (metrics["NotificationsSent"], metrics["NotificationsFailed"]) == ([1.0], [0.0])


def test_it_fails_after_it_has_said_what_it_could(bench: Bench, invoke: Any) -> None:
    bench.findings = [violation(owner="#gone"), anomaly()]
    with pytest.raises(OutlayError, match="#gone"):
        invoke(EVENT)
    assert len(bench.slack.messages) == 1
    assert len(bench.rows()) == 1


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_an_event_without_its_slot_is_refused(invoke: Any) -> None:
    with pytest.raises(ConfigurationError, match="slot"):
        invoke({})
