"""Slack's stand-in: its limits, its errors, threads, updates and webhooks, seen through slack_sdk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from embedded.cloud.slack import SlackServer
from embedded.cloud.slack_rules import problem_with


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackServer]:
    server = SlackServer(tmp_path)
    yield server
    server.close()


def client(slack: SlackServer, token: str = "xoxb-1", timeout: int = 30) -> WebClient:
    return WebClient(token, base_url=f"{slack.url}/api/", timeout=timeout)


def section(text: str, **extra: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **extra}


def button(**extra: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": "Open"}, **extra}


def test_a_message_its_thread_and_its_update_are_kept(slack: SlackServer, tmp_path: Path) -> None:
    web = client(slack)
    first = web.chat_postMessage(channel="C1", text="over budget", blocks=[section("over")])
    web.chat_postMessage(channel="C1", text="resolved", thread_ts=first["ts"])
    web.chat_update(channel="C1", ts=first["ts"], text="was over budget")

    assert web.auth_test()["ok"]
    assert [message["text"] for message in slack.messages] == ["was over budget", "resolved"]
    assert slack.messages[1]["thread_ts"] == slack.messages[0]["ts"]
    journal = [json.loads(line) for line in (tmp_path / "slack.jsonl").read_text().splitlines()]
    assert [entry["text"] for entry in journal] == ["over budget", "resolved", "was over budget"]


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"text": "a", "blocks": [section("x")] * 51}, "invalid_blocks", "50 items"),
        ({"text": "a", "blocks": [section("x" * 3001)]}, "invalid_blocks", "3001"),
        ({"text": "a", "blocks": [section("")]}, "invalid_blocks", "more than 0"),
        (
            {
                "text": "a",
                "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            },
            "invalid_blocks",
            "151",
        ),
        (
            {"text": "a", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]},
            "invalid_blocks",
            "plain_text",
        ),
        (
            {"text": "a", "blocks": [{"type": "heading"}]},
            "invalid_blocks",
            "unsupported type: 'heading'",
        ),
        ({"text": "a", "blocks": [{"type": "section"}]}, "invalid_blocks", "text or fields"),
        (
            {
                "text": "a",
                "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "f"}] * 11}],
            },
            "invalid_blocks",
            "11 fields",
        ),
        ({"text": "a", "blocks": [section("x" * 2900)] * 4}, "msg_blocks_too_long", "11600"),
        ({"text": "", "blocks": [section("x")]}, "no_text", "screen readers"),
        ({}, "no_text", "neither"),
        (
            {"text": "a", "blocks": [{"type": "actions", "elements": [button(action_id="x")] * 2}]},
            "invalid_blocks",
            "duplicate action_id",
        ),
        (
            {"text": "a", "blocks": [{"type": "actions", "elements": [button(style="loud")]}]},
            "invalid_blocks",
            "loud",
        ),
    ],
)
def test_a_message_over_slacks_limits_is_refused(message: dict[str, Any], code: str, words: str) -> None:
    problem = problem_with(message)
    assert problem is not None
    assert problem[0] == code
    assert words in problem[1]


def test_a_message_at_the_limits_is_taken() -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "h" * 150}}
    blocks = [header, section("x" * 3000), {"type": "divider"}]
    blocks += [{"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}]}] * 47
    assert problem_with({"text": "t", "blocks": blocks}) is None


def test_errors_read_as_slacks(slack: SlackServer) -> None:
    for token, channel, code in (
        ("xoxb-1", "no-such-channel", "channel_not_found"),
        ("wrong", "C1", "invalid_auth"),
    ):
        with pytest.raises(SlackApiError) as refused:
            client(slack, token).chat_postMessage(channel=channel, text="t")
        assert refused.value.response["error"] == code
    with pytest.raises(SlackApiError) as missing:
        client(slack).chat_update(channel="C1", ts="1.2", text="t")
    assert missing.value.response["error"] == "message_not_found"
    assert slack.messages == []


def test_faults_can_be_queued(slack: SlackServer) -> None:
    slack.fail_next("ratelimited", retry_after=7)
    slack.fail_next("http_500")
    slack.fail_next("token_revoked")
    web = client(slack)
    with pytest.raises(SlackApiError) as limited:
        web.chat_postMessage(channel="C1", text="t")
    with pytest.raises(SlackApiError) as broken:
        web.chat_postMessage(channel="C1", text="t")
    with pytest.raises(SlackApiError) as revoked:
        web.chat_postMessage(channel="C1", text="t")

    assert limited.value.response.headers["Retry-After"] == "7"
    assert broken.value.response.status_code == 500
    assert revoked.value.response["error"] == "token_revoked"
    assert web.chat_postMessage(channel="C1", text="t")["ok"]


def test_a_webhook_takes_messages_and_refuses_in_plain_text(slack: SlackServer) -> None:
    hook = WebhookClient(f"{slack.url}/services/T1/B1/secret")
    good = hook.send(text="over budget", blocks=[section("over")])
    bad = hook.send(text="t", blocks=[section("x" * 3001)])

    assert (good.status_code, good.body) == (200, "ok")
    assert (bad.status_code, bad.body) == (400, "invalid_blocks")
    assert slack.messages[0]["channel"] == "webhook:T1/B1/secret"
