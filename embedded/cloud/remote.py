"""Talking to the embedded cloud's own commands (`embedded.cloud.control`), and what they answer."""

import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any


class CloudError(Exception):
    """The embedded cloud could not start, or could not do what it was asked."""


@dataclass(frozen=True)
class Invocation:
    """What became of one invocation of a function, its retries included. error None means that it succeeded."""

    request_id: str
    function: str
    error: str | None
    payload: Any
    attempts: int
    log: str
    delivered_to: str | None = None
    """ARN of the destination or dead-letter queue that got the outcome."""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(url: str, arguments: dict[str, Any] | None) -> Any:
    """Sends JSON (or, without arguments, asks) and returns the JSON answer. Raises CloudError with what went wrong."""
    body = None if arguments is None else json.dumps(arguments).encode()
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            failure = json.load(error)
        raise CloudError(failure.get("error", str(error))) from None
