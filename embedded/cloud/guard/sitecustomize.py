"""Keeps a Python process on loopback, and ends it with its parent.

Put this file's directory on PYTHONPATH, and a child process is guarded before its first import; call `install` to
guard the process that you are in. It works through an audit hook: whatever Python code connects, sends or resolves,
`socket`, an HTTP library or a subclass, the hook sees the address first. A hook can't be taken off again, which is
the point.

Environment: OUTLAY_GUARD=1 guards at start-up, OUTLAY_GUARD_LOG names a file that gets one JSON line for each attempt
that was stopped, OUTLAY_DIE_WITH_PARENT=1 ends the process when the one that started it ends (Linux).
"""

import ctypes
import ipaddress
import json
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
ADDRESS_POSITION = {  # audit event -> where its address stands among the event's arguments
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
PR_SET_PDEATHSIG = 1
_installed = False


class OutsideConnectionError(OSError):
    """A connection to something other than this machine was attempted, and stopped."""


def is_local(host: object) -> bool:
    """Whether a host (a name or an address, as socket functions take it) is this machine's loopback."""
    if host is None:
        return True
    name = (host.decode() if isinstance(host, bytes) else str(host)).strip().lower().rstrip(".")
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def install() -> None:
    """Guards this process from now on. A second call does nothing."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_check)


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    position = ADDRESS_POSITION.get(event)
    if position is None:
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        endpoint = arguments[0]
        if endpoint is None or endpoint.family not in (socket.AF_INET, socket.AF_INET6):
            return  # unix sockets and the kernel's own
        address = arguments[position]
        host = address[0] if address else None
    else:
        host = address = arguments[position]
    if not is_local(host):
        _log(event, address)
        raise OutsideConnectionError(
            f"{event} to {address!r} was stopped: this process may only talk to the machine it runs on."
        )


def _log(event: str, address: object) -> None:
    target = os.environ.get("OUTLAY_GUARD_LOG")
    if target:
        attempt = {
            "at": datetime.now(UTC).isoformat(),
            "pid": os.getpid(),
            "program": sys.argv[:3] if hasattr(sys, "argv") else [],
            "event": event,
            "address": repr(address),
        }
        with Path(target).open("a") as log:
            log.write(json.dumps(attempt) + "\n")


def die_with_parent() -> None:
    """Asks the kernel to end this process when the thread that started it ends. Linux only; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "sitecustomize":
    if os.environ.get("OUTLAY_GUARD") == "1":
        install()
    if os.environ.get("OUTLAY_DIE_WITH_PARENT") == "1":
        die_with_parent()
