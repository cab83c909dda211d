"""Says a message in Slack: with a bot token (channels, threads), or through an incoming webhook (one channel, no threads).

Raises ConfigurationError where a person must mend the token or the channel, RetriableError where Slack may take the same
message later, MessageRefusedError where it never will. No error or log line carries the secret. Source: chat.postMessage.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol

import boto3
from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from lake.errors import ConfigurationError, OutlayError, RetriableError
from notifiers.messages import Message

TIMEOUT_SECONDS = 10
SECONDS_BETWEEN_MESSAGES = 1.0
"""Slack takes about one message a second and channel."""
RATE_LIMIT_RETRIES = 2

_TOKEN = "put a bot token with the scope chat:write, or a webhook URL, into the secret"  # noqa: S105 - a remedy, no token
_INVITE = "create the channel or mend its name in config/notifications.yaml or config/budgets.yaml, and invite the app to it"
_TOKEN_CODES = """invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission
    org_login_required access_denied invalid_token no_service no_team team_disabled no_active_hooks"""  # noqa: S105 - codes
_CHANNEL_CODES = """channel_not_found not_in_channel is_archived channel_is_archived restricted_action user_not_found
    restricted_action_read_only_channel action_prohibited posting_to_general_channel_denied"""
_REFUSED_CODES = """invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text invalid_payload
    invalid_arguments"""
_REMEDIES = {**dict.fromkeys(_TOKEN_CODES.split(), _TOKEN), **dict.fromkeys(_CHANNEL_CODES.split(), _INVITE)}
_REFUSED = frozenset(_REFUSED_CODES.split())

_log = logging.getLogger("outlay.slack")
_log.setLevel(logging.INFO)  # on DEBUG, slack_sdk logs the webhook's URL, which is its secret


class MessageRefusedError(OutlayError):
    """Slack will never take this message as it is; others may still go through."""


@dataclass(frozen=True)
class Posted:
    """Where a message stands. Both None for a webhook, which does not tell."""

    channel: str | None
    ts: str | None


class Slack(Protocol):
    """Somewhere to say messages."""

    threads: bool
    """Whether a message can answer another."""

    def post(self, message: Message, channel: str, thread_ts: str | None = None) -> Posted:
        """Say it, in the thread of thread_ts where there is one."""


class BotSlack:
    """chat.postMessage with a bot token."""

    threads = True

    def __init__(self, token: str, api_url: str, seconds_between: float = SECONDS_BETWEEN_MESSAGES) -> None:
        # No retry after a broken connection: Slack may have taken the message, and a second one would double it.
        self._client = WebClient(
            token=token,
            base_url=api_url,
            timeout=TIMEOUT_SECONDS,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES)],
            logger=_log,
        )
        self._pace = _Pace(seconds_between)

    def post(self, message: Message, channel: str, thread_ts: str | None = None) -> Posted:
        """Say it in channel."""
        self._pace.wait(channel)
        try:
            answer = self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts,
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
                mrkdwn=False,
            )
        except SlackApiError as error:
            response: Any = error.response  # a SlackResponse; its request holds the token, so it goes no further
            raise slack_error(str(response.get("error", "")), response.status_code, f"channel {channel!r}") from None
        except (SlackClientError, HTTPException, OSError) as error:
            raise unreachable(error, f"channel {channel!r}") from None
        return Posted(answer["channel"], answer["ts"])


class WebhookSlack:
    """An incoming webhook: it says everything in the channel that it was made for."""

    threads = False

    def __init__(self, url: str, seconds_between: float = SECONDS_BETWEEN_MESSAGES) -> None:
        self._client = WebhookClient(
            url,
            timeout=TIMEOUT_SECONDS,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES)],
            logger=_log,
        )
        self._pace = _Pace(seconds_between)

    def post(self, message: Message, channel: str, thread_ts: str | None = None) -> Posted:
        """Say it. channel and thread_ts mean nothing to a webhook."""
        self._pace.wait("")
        try:
            answer = self._client.send_dict(
                {
                    "text": message.text,
                    "blocks": [block.to_dict() for block in message.blocks],
                    "unfurl_links": False,
                    "unfurl_media": False,
                    "mrkdwn": False,
                }
            )
        except (SlackClientError, HTTPException, OSError) as error:
            raise unreachable(error, "the webhook") from None
        if answer.status_code != 200:
            raise slack_error(answer.body.strip(), answer.status_code, "the webhook")
        return Posted(None, None)


def slack_from_secret(
    session: boto3.Session, secret_id: str, api_url: str, seconds_between: float = SECONDS_BETWEEN_MESSAGES
) -> Slack:
    """Slack as the secret says: {"bot_token": "xoxb-…"} or {"webhook_url": "https://…"}.

    Raises ConfigurationError where the secret holds neither, RetriableError where it cannot be read.
    """
    try:
        text = SecretsProvider(boto3_session=session).get(secret_id)
    except GetParameterError as error:
        raise RetriableError(f"secret {secret_id} cannot be read: {error}; look at the function's role") from error
    try:
        secret = json.loads(str(text))
    except ValueError:
        secret = None
    remedy = f'secret {secret_id} must hold JSON: {{"bot_token": "xoxb-…"}} or {{"webhook_url": "https://…"}}'
    if not isinstance(secret, dict):
        raise ConfigurationError(f"{remedy}; it holds something else")
    token, url = secret.get("bot_token"), secret.get("webhook_url")
    if isinstance(token, str) and token.strip():
        return BotSlack(token.strip(), api_url, seconds_between)
    if isinstance(url, str) and url.strip().startswith(("https://", "http://")):
        return WebhookSlack(url.strip(), seconds_between)
    raise ConfigurationError(f"{remedy}; it has the fields {', '.join(sorted(map(str, secret))) or 'none'}")


def slack_error(code: str, status: int, where: str) -> OutlayError:
    """The error for what Slack answered."""
    if code in _REMEDIES:
        return ConfigurationError(f"Slack refused {where} with {code}: {_REMEDIES[code]}")
    if code in _REFUSED:
        return MessageRefusedError(f"Slack refused a message to {where} with {code}; the finding stays unannounced")
    if status in (403, 404, 410):
        return ConfigurationError(f"Slack refused {where} with HTTP {status}: {_TOKEN}")
    known = code if code.isidentifier() else f"HTTP {status}"
    return RetriableError(f"Slack did not take a message to {where} ({known}); the next run tries again")


def unreachable(error: Exception, where: str) -> RetriableError:
    """The error for a connection that failed; says of it no more than its type, since its text may hold the URL."""
    kind = type(getattr(error, "reason", None) or error).__name__
    return RetriableError(f"Slack cannot be reached for {where} ({kind}); the next run tries again")


class _Pace:
    """Keeps messages to one channel apart."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def wait(self, channel: str) -> None:
        earliest = self._last.get(channel, -self._seconds) + self._seconds
        time.sleep(max(0.0, earliest - time.monotonic()))
        self._last[channel] = time.monotonic()
