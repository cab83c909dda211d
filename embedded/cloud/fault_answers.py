"""Errors as AWS words them: the code that each service has for a kind of fault, in the shape of its protocol."""

import json
from http import HTTPStatus

from embedded.cloud.requests import Request

CUT_SHORT = 2
_THROTTLED = {
    "ec2": "RequestLimitExceeded",
    "s3": "SlowDown",
    "athena": "TooManyRequestsException",
    "lambda": "TooManyRequestsException",
    "sts": "Throttling",
    "monitoring": "Throttling",
}
_DENIED = {"ec2": "UnauthorizedOperation", "sts": "AccessDenied", "s3": "AccessDenied", "monitoring": "AccessDenied"}
_CLOCK = {"ec2": "RequestExpired", "s3": "RequestTimeTooSkewed", "sts": "SignatureDoesNotMatch"}
CODES = ("throttle", "deny", "500", "503", "clock")
"""Kinds of faults that answer with the service's own code; "error" answers with the rule's."""


def error_answer(kind: str, code: str, status: int, request: Request) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body of an error."""
    if kind != "error":
        code, status = _code(kind, request.service)
    message = f"{code}: injected into {request.service}:{request.operation}"
    kind_of_content, body = _body(request.protocol, code, message)
    headers = [
        ("Content-Type", kind_of_content),
        ("Content-Length", str(len(body))),
        ("x-amzn-requestid", "00000000-fa17-0000-0000-000000000000"),
    ]
    if request.protocol == "rest-json":
        headers.append(("x-amzn-errortype", code))
    if request.protocol == "cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return f"{status} {HTTPStatus(status).phrase}", headers, body


def _code(kind: str, service: str) -> tuple[str, int]:
    if kind == "throttle":
        return _THROTTLED.get(service, "ThrottlingException"), 503 if service in ("ec2", "s3") else 400
    if kind == "deny":
        return _DENIED.get(service, "AccessDeniedException"), 403 if service in ("ec2", "s3", "sts", "monitoring") else 400
    if kind == "clock":
        return _CLOCK.get(service, "InvalidSignatureException"), 403 if service == "s3" else 400
    return ("ServiceUnavailable" if kind == "503" else "InternalError"), int(kind)


def _body(protocol: str, code: str, message: str) -> tuple[str, bytes]:
    if protocol in ("json", "rest-json"):
        return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
    if protocol == "cbor":
        return "application/cbor", b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "s3":
        return "application/xml", f"<Error>{error}</Error>".encode()
    if protocol == "ec2":
        return "text/xml", f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>".encode()
    return "text/xml", f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>".encode()


def _cbor_text(text: str) -> bytes:
    encoded = text.encode()
    return (bytes([0x60 + len(encoded)]) if len(encoded) < 24 else bytes([0x78, len(encoded)])) + encoded
