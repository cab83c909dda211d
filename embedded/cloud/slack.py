"""Stands in for Slack on loopback: the Web API's calls that send messages, and incoming webhooks.

Each message is held against Slack's limits (`slack_rules`) and refused with Slack's own error codes. Accepted ones are
kept in memory and in `<home>/slack.jsonl`. Tokens start with `xoxb-`; every channel exists
but those in UNKNOWN_CHANNELS.
"""

import json
import threading
import time
import urllib.parse
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from embedded.cloud.slack_rules import problem_with

UNKNOWN_CHANNELS = ("no-such-channel", "C0MISSING")
FAULT_DELAY_S = 120
Answer = tuple[int, dict[str, Any] | str, dict[str, str]]


class SlackServer(ThreadingHTTPServer):
    """Slack, as far as a notifier sees it."""

    daemon_threads = True

    def __init__(self, home: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._journal = home / "slack.jsonl"
        self._lock = threading.Lock()
        self._faults: list[dict[str, Any]] = []
        self._last_ts = 0.0
        self.messages: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens: the Web API is below /api/, webhooks are below /services/."""
        return f"http://localhost:{self.server_port}"

    def close(self) -> None:
        """Stops listening."""
        self.shutdown()
        self.server_close()

    def fail_next(self, error: str, times: int = 1, retry_after: int | None = None) -> None:
        """Makes the next calls fail: a Slack error code, `ratelimited` (429), `http_500`, or `timeout` (no answer)."""
        with self._lock:
            self._faults += [{"error": error, "retry_after": retry_after}] * times

    def take_fault(self) -> dict[str, Any] | None:
        """The fault for the call at hand, if one is queued."""
        with self._lock:
            return self._faults.pop(0) if self._faults else None

    def post(self, arguments: dict[str, Any]) -> Answer:
        """chat.postMessage."""
        problem = _channel_problem(arguments) or problem_with(arguments)
        if problem:
            return _refusal(*problem)
        message = self._keep(arguments, arguments["channel"])
        return (
            200,
            {"ok": True, "channel": message["channel"], "ts": message["ts"], "message": message},
            {},
        )

    def update(self, arguments: dict[str, Any]) -> Answer:
        """chat.update."""
        problem = problem_with(arguments)
        if problem:
            return _refusal(*problem)
        with self._lock:
            for message in self.messages:
                if (message["channel"], message["ts"]) == (
                    arguments.get("channel"),
                    arguments.get("ts"),
                ):
                    changed = {key: arguments[key] for key in ("text", "blocks") if key in arguments}
                    message.update(**changed, edited_at=_now())
                    self._write(message)
                    return 200, {"ok": True, "channel": message["channel"], "ts": message["ts"]}, {}
        return _refusal("message_not_found", "")

    def webhook(self, path: str, arguments: dict[str, Any]) -> Answer:
        """An incoming webhook: one channel, no ts in the answer, plain text for errors."""
        problem = problem_with(arguments)
        if problem:
            return 400, problem[0], {}
        self._keep(arguments, f"webhook:{path.removeprefix('/services/')}")
        return 200, "ok", {}

    def _keep(self, arguments: dict[str, Any], channel: str) -> dict[str, Any]:
        with self._lock:
            self._last_ts = max(time.time(), self._last_ts + 0.000001)
            message = {
                "channel": channel,
                "ts": f"{self._last_ts:.6f}",
                "thread_ts": arguments.get("thread_ts"),
                "text": arguments.get("text", ""),
                "blocks": arguments.get("blocks") or [],
                "received_at": _now(),
            }
            self.messages.append(message)
            self._write(message)
        return message

    def _write(self, message: dict[str, Any]) -> None:
        with self._journal.open("a") as journal:
            journal.write(json.dumps(message) + "\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlackServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the journal has the messages."""

    def do_GET(self) -> None:
        if self.path == "/messages":
            self._send(200, self.server.messages, {})
        else:
            self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        arguments = self._arguments(body)
        if self.path == "/fail-next":
            self.server.fail_next(**arguments)
            self._send(200, {"ok": True}, {})
        else:
            self._answer(arguments)

    def _answer(self, arguments: dict[str, Any]) -> None:
        fault = self.server.take_fault()
        if fault and fault["error"] == "timeout":
            time.sleep(FAULT_DELAY_S)
            self.close_connection = True
            return
        status, content, headers = _faulty(fault, self.path) if fault else self._call(arguments)
        self._send(status, content, headers)

    def _call(self, arguments: dict[str, Any]) -> Answer:
        if self.path.startswith("/services/"):
            return self.server.webhook(self.path, arguments)
        method = self.path.removeprefix("/api/").split("?")[0]
        if not self._token(arguments).startswith("xoxb-"):
            return _refusal("not_authed" if not self._token(arguments) else "invalid_auth", "")
        calls = {
            "chat.postMessage": self.server.post,
            "chat.update": self.server.update,
            "auth.test": lambda _: (
                200,
                {"ok": True, "team": "Outlay", "user": "outlay", "bot_id": "B0OUTLAY"},
                {},
            ),
            "conversations.info": _conversation,
            "conversations.list": lambda _: (
                200,
                {"ok": True, "channels": [], "response_metadata": {}},
                {},
            ),
            "conversations.join": _conversation,
        }
        call = calls.get(method)
        return call(arguments) if call else _refusal("unknown_method", method)

    def _token(self, arguments: dict[str, Any]) -> str:
        header = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return header or str(arguments.get("token", ""))

    def _arguments(self, body: bytes) -> dict[str, Any]:
        if "json" in self.headers.get("Content-Type", ""):
            return json.loads(body or b"{}")  # type: ignore[no-any-return]
        fields: dict[str, Any] = dict(urllib.parse.parse_qsl(body.decode()))
        if "payload" in fields:
            return json.loads(fields["payload"])  # type: ignore[no-any-return]
        for name in ("blocks", "attachments"):
            if name in fields:
                fields[name] = json.loads(fields[name])
        return fields

    def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
        text = isinstance(content, str)
        body = content.encode() if text else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if text else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _channel_problem(arguments: dict[str, Any]) -> tuple[str, str] | None:
    channel = str(arguments.get("channel") or "").lstrip("#")
    return ("channel_not_found", channel) if not channel or channel in UNKNOWN_CHANNELS else None


def _conversation(arguments: dict[str, Any]) -> Answer:
    problem = _channel_problem(arguments)
    if problem:
        return _refusal(*problem)
    channel = arguments["channel"]
    return (
        200,
        {"ok": True, "channel": {"id": channel, "name": channel.lstrip("#"), "is_member": True}},
        {},
    )


def _refusal(code: str, reason: str) -> Answer:
    details = {"response_metadata": {"messages": [f"[ERROR] {reason}"]}} if reason else {}
    return 200, {"ok": False, "error": code, "errors": [reason] if reason else [], **details}, {}


def _faulty(fault: dict[str, Any], path: str) -> Answer:
    code = fault["error"]
    if code == "ratelimited":
        return 429, {"ok": False, "error": code}, {"Retry-After": str(fault["retry_after"] or 1)}
    if code.startswith("http_"):
        return int(code.removeprefix("http_")), "upstream failure", {}
    if path.startswith("/services/"):  # a webhook's errors are a status and a word
        return 404 if code == "no_service" else 403, code, {}
    return _refusal(code, "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
