"""What a request to AWS asks for: service, operation, account and region, read from the request alone."""

import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from embedded.cloud.callers import account_of

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(\w+)")
_S3_OBJECT = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject", "POST": "PostObject"}
_S3_BUCKET = {"GET": "ListObjectsV2", "HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}


@dataclass(frozen=True)
class Request:
    """A call of AWS's API. service is what it is signed for; protocol says in which shape an error must come."""

    service: str
    operation: str
    protocol: str = ""
    access_key: str = ""
    account: str = ""
    region: str = ""
    path: str = ""
    body: bytes = b""

    @classmethod
    def read(cls, environ: dict[str, Any]) -> "Request":
        """The request of a WSGI environment, whose body can still be read afterwards."""
        match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        access_key, region, service = match.groups() if match else ("", "", "s3")
        body = _body(environ)
        path = unquote(f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}")
        protocol, operation = _operation(environ, service, body)
        return cls(service, operation, protocol, access_key, account_of(access_key) or "", region, path, body)

    def contains(self, text: str) -> bool:
        """Whether a text stands in the path, the query or the body."""
        return text in self.path or text in unquote(self.body.decode(errors="replace"))


def _body(environ: dict[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    body: bytes = stream.read(int(length)) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _operation(environ: dict[str, Any], service: str, body: bytes) -> tuple[str, str]:
    """The protocol and the operation's name."""
    path = environ.get("PATH_INFO", "")
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return "json", target.rpartition(".")[2]
    if match := _CBOR_PATH.search(path):
        return "cbor", match[1]
    if service == "s3":
        is_object = "/" in path.strip("/")
        return "s3", (_S3_OBJECT if is_object else _S3_BUCKET).get(environ["REQUEST_METHOD"], "")
    if service == "lambda":
        return "rest-json", "Invoke" if path.endswith("/invocations") else ""
    action = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    return ("ec2" if service == "ec2" else "query"), action
