"""Slack on loopback, as far as the notifier meets it: one channel each way, faults on request."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

TOKEN = "xoxb-canary-1234567890"
HANGS_UP = 0
"""As a status: no answer at all, after as many seconds as the body says."""
WEBHOOK_PATH = "/services/T000/B000/canary-webhook"


@dataclass
class SlackServer:
    """What was taken, in order, and the answers that the next requests get instead: (status, headers, body)."""

    url: str
    channels: set[str] = field(default_factory=lambda: {"#cloud-cost", "#team", "C1", "C2"})
    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[tuple[int, dict[str, str], str]] = field(default_factory=deque)
    requests: int = 0

    def answer(self, path: str, authorization: str, message: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        """Take a message, or refuse it as Slack would."""
        self.requests += 1
        if self.faults:
            return self.faults.popleft()
        if path == WEBHOOK_PATH:
            self.messages.append(message)
            return 200, {}, "ok"
        if authorization != f"Bearer {TOKEN}":
            return 200, {}, json.dumps({"ok": False, "error": "token_revoked"})
        if message["channel"] not in self.channels:
            return 200, {}, json.dumps({"ok": False, "error": "channel_not_found"})
        self.messages.append(message)
        channel = {"#cloud-cost": "C1", "#team": "C2"}.get(message["channel"], message["channel"])
        return 200, {}, json.dumps({"ok": True, "channel": channel, "ts": f"1700000000.{len(self.messages):06d}"})


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    """A running server; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        slack: ClassVar[SlackServer]

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, text = self.slack.answer(self.path, self.headers.get("Authorization", ""), json.loads(body))
            if status == HANGS_UP:
                time.sleep(float(text))
                self.close_connection = True
                return
            data = text.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.slack = SlackServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Handler.slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
