"""Nothing is said twice, nothing is lost, and every message is a row."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import ClientError

from lake.configuration import Notifications
from lake.errors import ConfigurationError, OutlayError, QueryError, RetriableError
from notifiers.announcer import INDIVIDUAL_MESSAGES
from notifiers.findings import Finding
from notifiers.messages import Message
from notifiers.notification_rows import NotificationRows
from notifiers.slack import BotSlack
from tests.unit.notifiers.conftest import Bench
from tests.unit.notifiers.examples import anomaly, driver, violation
from tests.unit.notifiers.slack_server import HANGS_UP, TOKEN, WEBHOOK_PATH


class KilledError(BaseException):
    """The process is gone: no handler sees it."""


def over(finding: Finding) -> Any:
    return replace(finding, status="resolved", resolved_day=date(2026, 11, 21))


def many(count: int) -> list[Finding]:
    return [
        anomaly(str(count - n), finding_id=f"anomaly/{n:03d}", level="service", ancestor_id=f"s{n:03d}")
        for n in range(count)
    ]


def test_each_finding_is_told_once_however_often_the_notifier_runs(bench: Bench) -> None:
    bench.run(anomaly(), violation())
    again = bench.run()
    assert len(bench.slack.messages) == 2
    assert again.sent == 0
    assert len(bench.rows()) == 2


def test_the_largest_is_told_first(bench: Bench) -> None:
    bench.run(anomaly("20", finding_id="a"), anomaly("900", finding_id="b"), violation("412.30"))
    assert [text.split()[0] for text in bench.texts()] == ["$900.00", "$412.30", "$20.00"]


def test_a_message_is_a_row_that_says_when_where_and_what(bench: Bench) -> None:
    bench.run(violation())
    (row,) = bench.rows()
    assert row["finding_id"] == violation().finding_id
    assert (row["finding_type"], row["kind"]) == ("budget_violation", "opened")
    assert (row["channel"], row["message_ts"], row["thread_ts"]) == ("C1", "1700000000.000001", None)
    assert row["summary"] == bench.texts()[0]
    (partition,) = bench.partitions()
    assert partition["Values"] == [row["sent_at"].date().isoformat()]


def test_a_resolved_finding_answers_in_the_thread_of_its_announcement(bench: Bench) -> None:
    bench.run(violation())
    bench.run(over(violation()))
    bench.run()
    first, second = bench.slack.messages
    assert "thread_ts" not in first
    assert (second["thread_ts"], second["channel"]) == ("1700000000.000001", "C1")
    assert second["text"].startswith("Resolved on 21 Nov 2026: customer acme")
    assert {row["kind"]: row["thread_ts"] for row in bench.rows()} == {"opened": None, "resolved": "1700000000.000001"}


@pytest.mark.parametrize(
    "unworthy",
    [
        anomaly("9.99"),
        anomaly(ancestor_id="222222222222"),
        anomaly(level="region", ancestor_id="222222222222/us-east-1"),
        anomaly("-150", anomaly_type="LOW_SPEND"),
    ],
    ids=["under the minimum", "muted account", "region of a muted account", "spends less"],
)
def test_what_the_configuration_leaves_out_is_not_told(bench: Bench, unworthy: Finding) -> None:
    bench.notifications = Notifications("#cloud-cost", Decimal(10), ("222222222222",))
    bench.run(unworthy)
    assert bench.slack.requests == 0


def test_a_finding_that_grows_over_the_minimum_is_told_then(bench: Bench) -> None:
    bench.notifications = Notifications("#cloud-cost", Decimal(100))
    bench.run(violation("99.99"))
    bench.run(violation("100.00"))
    assert len(bench.slack.messages) == 1


def test_a_rules_owner_is_told_and_not_the_default_channel(bench: Bench) -> None:
    bench.run(violation(owner="#team"), anomaly())
    assert [message["channel"] for message in bench.slack.messages] == ["#team", "#cloud-cost"]


def test_many_findings_are_twenty_messages_and_one_digest(bench: Bench) -> None:
    findings = many(INDIVIDUAL_MESSAGES + 7)
    bench.run(*findings)
    bench.run()
    assert len(bench.slack.messages) == INDIVIDUAL_MESSAGES + 1
    digest = bench.slack.messages[-1]
    assert digest["text"].startswith("7 more new findings, the largest $7.00 over expected on 19 Nov 2026")
    assert all(f.ancestor_id in json.dumps(digest["blocks"]) for f in findings[INDIVIDUAL_MESSAGES:])
    rows = {row["finding_id"]: row["message_ts"] for row in bench.rows()}
    assert set(rows) == {finding.finding_id for finding in findings}
    assert {rows[f.finding_id] for f in findings[INDIVIDUAL_MESSAGES:]} == {"1700000000.000021"}


def test_a_finding_of_a_digest_resolves_in_the_digests_thread(bench: Bench) -> None:
    findings = many(INDIVIDUAL_MESSAGES + 2)
    bench.run(*findings)
    bench.run(*findings[:-1], over(findings[-1]))
    assert bench.slack.messages[-1]["thread_ts"] == "1700000000.000021"


def test_a_digest_that_was_sent_by_a_run_that_was_killed_is_not_sent_again(bench: Bench) -> None:
    findings = many(INDIVIDUAL_MESSAGES + 5)
    real = Bench.run
    with patch("notifiers.announcer.partial", side_effect=KilledError), pytest.raises(KilledError):
        real(bench, *findings)
    assert len(bench.slack.messages) == INDIVIDUAL_MESSAGES + 1
    late = anomaly("0.50", finding_id="anomaly/late")
    bench.run(*findings, late)
    assert len(bench.slack.messages) == INDIVIDUAL_MESSAGES + 2
    assert "$0.50" in bench.texts()[-1]
    assert len(bench.rows()) == INDIVIDUAL_MESSAGES + 6


def test_a_run_killed_between_message_and_row_is_repaired_by_the_next_without_a_second_message(bench: Bench) -> None:
    with patch.object(NotificationRows, "write", side_effect=KilledError), pytest.raises(KilledError):
        bench.run(violation())
    assert (len(bench.slack.messages), bench.rows()) == (1, [])
    bench.run()
    (row,) = bench.rows()
    assert (len(bench.slack.messages), row["message_ts"]) == (1, "1700000000.000001")
    assert len(bench.partitions()) == 1


def test_a_row_once_written_is_never_written_over(bench: Bench) -> None:
    bench.run(violation())
    (item,) = boto3.client("s3").list_objects_v2(Bucket="lake", Prefix="tables/outlay/notifications/")["Contents"]
    body = boto3.client("s3").get_object(Bucket="lake", Key=item["Key"])["Body"].read()
    boto3.client("s3").put_object(Bucket="lake", Key=item["Key"], Body=body, Metadata={"as": "it was"})
    bench.run()
    assert boto3.client("s3").head_object(Bucket="lake", Key=item["Key"])["Metadata"] == {"as": "it was"}


def test_while_another_run_is_sending_a_finding_this_one_leaves_it_alone(bench: Bench) -> None:
    with patch("notifiers.slack.BotSlack.post", side_effect=KilledError), pytest.raises(KilledError):
        bench.run(violation())
    result = bench.run()
    assert (bench.slack.messages, result.failures) == ([], {})


def test_a_run_that_never_came_back_is_waited_for_no_longer_than_it_could_live(bench: Bench) -> None:
    with patch("notifiers.slack.BotSlack.post", side_effect=KilledError), pytest.raises(KilledError):
        bench.run(violation())
    table = boto3.resource("dynamodb").Table("outlay-notifications")
    (item,) = table.scan()["Items"]
    assert item["in_progress_expiration"] <= (time.time() + 300) * 1000
    table.put_item(Item={**item, "in_progress_expiration": 1})
    bench.run()
    assert len(bench.slack.messages) == 1


def test_one_channels_failure_is_told_at_the_end_and_stops_no_other(bench: Bench) -> None:
    bench.slack.channels.discard("#team")
    lost, other = violation("900", owner="#team"), violation("800", owner="#team", finding_id="other")
    result = bench.run(lost, other, anomaly())
    assert len(bench.slack.messages) == 1
    assert bench.slack.requests == 2, "a channel that failed is not tried again in this run"
    assert result.left == 1
    with pytest.raises(OutlayError, match="channel '#team' with channel_not_found: create the channel"):
        result.raise_failures()
    assert len(bench.rows()) == 1
    bench.slack.channels.add("#team")
    assert bench.run().sent == 2


def test_a_limit_on_rate_is_waited_out(bench: Bench) -> None:
    bench.slack.faults.append((429, {"Retry-After": "0"}, '{"ok": false, "error": "ratelimited"}'))
    assert bench.run(violation()).failures == {}
    assert (len(bench.slack.messages), bench.slack.requests) == (1, 2)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ((500, {}, "<html>oops</html>"), RetriableError, "HTTP 500"),
        ((503, {}, ""), RetriableError, "HTTP 503"),
        ((200, {}, '{"ok": false, "error": "internal_error"}'), RetriableError, "internal_error"),
        ((200, {}, '{"ok": false, "error": "invalid_auth"}'), ConfigurationError, "bot token"),
        ((200, {}, '{"ok": false, "error": "token_revoked"}'), ConfigurationError, "bot token"),
        ((200, {}, '{"ok": false, "error": "not_in_channel"}'), ConfigurationError, "invite the app"),
    ],
)
def test_a_failure_is_named_for_what_to_do_and_the_next_run_sends(
    bench: Bench, fault: tuple[int, dict[str, str], str], kind: type[Exception], words: str
) -> None:
    bench.slack.faults.append(fault)
    result = bench.run(violation())
    (error,) = result.failures.values()
    assert isinstance(error, kind)
    assert words in str(error)
    assert bench.rows() == []
    bench.run()
    assert (len(bench.slack.messages), len(bench.rows())) == (1, 1)


@pytest.mark.parametrize("seconds", ["0", "0.6"], ids=["hangs up", "never answers"])
@pytest.mark.parametrize("webhook", [False, True], ids=["bot", "webhook"])
def test_a_slack_that_does_not_answer_is_asked_once_a_run_lest_it_took_the_message(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: str, webhook: bool
) -> None:
    monkeypatch.setattr("notifiers.slack.TIMEOUT_SECONDS", 0.3)
    if webhook:
        bench.secret(json.dumps({"webhook_url": bench.slack.url + WEBHOOK_PATH}))
    bench.slack.faults.append((HANGS_UP, {}, seconds))
    (error,) = bench.run(violation()).failures.values()
    assert isinstance(error, RetriableError)
    assert "cannot be reached" in str(error)
    assert bench.slack.requests == 1


def test_messages_to_one_channel_are_kept_apart_and_channels_do_not_wait_for_each_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("notifiers.slack.time.sleep", naps.append)
    slack = BotSlack(TOKEN, f"{bench.slack.url}/api/")
    for channel in ("#team", "#team", "#cloud-cost"):
        slack.post(Message("hello", ()), channel)
    assert naps[0] == 0 and 0.5 < naps[1] <= 1 and naps[2] == 0


def test_blocks_that_slack_refuses_are_sent_as_their_plain_line(bench: Bench) -> None:
    bench.slack.faults.append((200, {}, '{"ok": false, "error": "invalid_blocks"}'))
    result = bench.run(violation())
    assert result.refused_blocks == bench.texts()
    assert not bench.slack.messages[0].get("blocks")


def test_a_webhook_gets_plain_messages_and_its_rows_name_no_channel(bench: Bench) -> None:
    bench.secret(json.dumps({"webhook_url": bench.slack.url + WEBHOOK_PATH}))
    bench.run(violation())
    bench.run(over(violation()))
    bench.run()
    assert [message.get("thread_ts") for message in bench.slack.messages] == [None, None]
    assert [(row["channel"], row["message_ts"]) for row in bench.rows()] == [(None, None), (None, None)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ((404, {}, "no_service"), ConfigurationError),
        ((500, {}, "oops"), RetriableError),
        ((400, {}, "invalid_token"), ConfigurationError),
    ],
)
def test_a_webhooks_failure_is_named_without_its_url(
    bench: Bench, fault: tuple[int, dict[str, str], str], kind: type[Exception]
) -> None:
    bench.secret(json.dumps({"webhook_url": bench.slack.url + WEBHOOK_PATH}))
    bench.slack.faults.append(fault)
    (error,) = bench.run(violation()).failures.values()
    assert isinstance(error, kind)
    assert "canary" not in str(error)


@pytest.mark.parametrize(
    "secret", ["canary", '"canary"', '["canary"]', '{"token": "canary"}', '{"webhook_url": "canary"}', "{}"]
)
def test_a_secret_that_is_no_secret_is_told_without_its_value(bench: Bench, secret: str) -> None:
    bench.secret(secret)
    (error,) = bench.run(violation()).failures.values()
    assert isinstance(error, ConfigurationError)
    assert "bot_token" in str(error)
    assert "canary" not in str(error)


def test_without_findings_no_secret_is_read(bench: Bench) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="outlay/slack", ForceDeleteWithoutRecovery=True)
    bench.findings = []
    assert bench.run().failures == {}


def test_one_query_finds_the_drivers_of_all_new_findings_and_none_is_asked_without(bench: Bench) -> None:
    row = {"finding_id": violation().finding_id, **driver().__dict__}
    bench.drivers = [row]
    bench.run(violation(), anomaly())
    assert len(bench.queries) == 5
    assert "NatGateway-Bytes" in json.dumps(bench.slack.messages[0]["blocks"])
    bench.run()
    assert len(bench.queries) == 9


def test_findings_are_told_without_drivers_where_these_cannot_be_read(bench: Bench) -> None:
    with patch("notifiers.notifier.read_drivers", side_effect=QueryError("Bytes scanned limit was exceeded")):
        result = bench.run(violation())
    assert "Drivers" not in json.dumps(bench.slack.messages[0]["blocks"])
    with pytest.raises(OutlayError, match="Bytes scanned limit was exceeded"):
        result.raise_failures()
    assert (len(bench.slack.messages), len(bench.rows())) == (1, 1)


def test_with_little_time_left_the_rest_waits_for_the_next_run(bench: Bench) -> None:
    bench.context.remaining_ms = 1000
    assert bench.run(violation(), anomaly()).left == 2
    bench.context.remaining_ms = 300_000
    assert bench.run().sent == 2


def test_a_memory_that_cannot_be_reached_sends_nothing(bench: Bench) -> None:
    boto3.client("dynamodb").delete_table(TableName="outlay-notifications")
    with pytest.raises(ClientError):
        bench.run(violation())
    assert bench.slack.requests == 0


def test_no_log_or_error_carries_the_token(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    bench.slack.faults.extend([(500, {}, "oops"), (200, {}, '{"ok": false, "error": "invalid_auth"}')])
    results = [bench.run(violation()), bench.run(violation()), bench.run(violation())]
    bench.secret(json.dumps({"webhook_url": bench.slack.url + WEBHOOK_PATH}))
    bench.slack.faults.append((500, {}, "oops"))
    results.append(bench.run(anomaly()))
    errors = [error for result in results for error in result.failures.values()]
    assert len(errors) == 3
    shown = "\n".join([*map(repr, errors), *(str(error.__cause__) for error in errors), *relevant(caplog)])
    assert TOKEN not in shown
    assert "canary" not in shown


def relevant(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the notifier and Slack's client log; botocore's own debug log is not turned on in production."""
    return [r.getMessage() for r in caplog.records if not r.name.startswith(("botocore", "boto3", "urllib3", "s3transfer"))]
