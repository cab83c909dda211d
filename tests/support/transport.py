"""A stand-in for the network: botocore does everything but the sending, and nothing leaves the process."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

Describe = Callable[[str, str, str, int], bytes]
"""(account, region, operation, page number from 0) -> the answer's XML."""


class Network:
    """Answers AssumeRole, EC2's describe calls (through describe), Glue and S3's PUT. Counts calls by operation.

    Accounts are told by the access keys that AssumeRole gave. Objects are read to their end and kept only if asked to.
    """

    def __init__(self, describe: Describe, keep_objects: bool = False) -> None:
        self._describe, self._keep = describe, keep_objects
        self.calls: Counter[str] = Counter()
        self.assumed: Counter[str] = Counter()
        self.objects: dict[str, bytes] = {}
        self.object_bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def instead(self) -> Iterator[None]:
        """All that this process sends goes here."""
        with patch.object(URLLib3Session, "send", lambda _, request: self._send(request)):
            yield

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        host = urlsplit(request.url).hostname or ""
        service = "s3" if ".s3." in f".{host}" else host.split(".")[0]
        operation, body = {"s3": self._s3, "glue": self._glue}.get(service, self._query)(request)
        with self._lock:
            self.calls[operation] += 1
        status = 404 if operation == "GET object" else 200  # what a run looks for that an earlier attempt may have left
        return AWSResponse(request.url, status, {}, _Body(body))

    def _query(self, request: AWSPreparedRequest) -> tuple[str, bytes]:
        asked = {name: values[0] for name, values in parse_qs(_read(request.body).decode()).items()}
        if asked["Action"] == "AssumeRole":
            account = asked["RoleArn"].split(":")[4]
            with self._lock:
                self.assumed[account] += 1
            return "AssumeRole", _CREDENTIALS.replace("ACCOUNT", account).encode()
        # Credential=<access key>/<day>/<region>/<service>/aws4_request
        credential = str(request.headers["Authorization"]).partition("Credential=")[2].split("/")
        page = int(asked.get("NextToken", 0))
        return asked["Action"], self._describe(credential[0].removeprefix("KEY"), credential[2], asked["Action"], page)

    def _glue(self, request: AWSPreparedRequest) -> tuple[str, bytes]:
        return str(request.headers["X-Amz-Target"], "ascii"), json.dumps({}).encode()

    def _s3(self, request: AWSPreparedRequest) -> tuple[str, bytes]:
        body = _read(request.body)
        self.object_bytes += len(body)
        if self._keep:
            self.objects[urlsplit(request.url).path] = body
        return f"{request.method} object", b""


class _Body:
    """What AWSResponse reads an answer from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, amount: int | None = None) -> bytes:
        """As a streamed answer is read: all of it, then nothing."""
        body, self._body = self._body, b""
        return body


def _read(body: Any) -> bytes:
    if body is None or isinstance(body, bytes):
        return body or b""
    return body.encode() if isinstance(body, str) else b"".join(iter(lambda: body.read(1 << 20), b""))


def environment() -> Mapping[str, str]:
    """What AWS clients need to find in the environment; no value is secret."""
    return {
        "AWS_ACCESS_KEY_ID": "KEY000000000000",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # bodies as they are, not in chunks
        "POWERTOOLS_LOG_LEVEL": "ERROR",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
    }


_CREDENTIALS = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>KEYACCOUNT</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
