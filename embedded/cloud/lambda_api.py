"""Lambda's Invoke as AWS answers it; what SNS, EventBridge and S3 send to functions comes through here too."""

import base64
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from embedded.cloud.lambdas import Lambdas

_REQUEST_ID = "x-amzn-RequestId"
MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024


def install(lambdas: Lambdas) -> None:
    """Makes moto run its functions here, in this process."""

    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        payload = body.encode() if isinstance(body, str) else (body or b"{}")
        kind = request_headers.get("X-Amz-Invocation-Type") if request_headers else "Event"
        if kind == "DryRun":
            return b""
        _check_size(payload, MAX_ASYNCHRONOUS_BYTES if kind == "Event" else MAX_SYNCHRONOUS_BYTES)
        if kind == "Event":
            response_headers[_REQUEST_ID] = lambdas.invoke_later(self, payload)
            return b""
        outcome, request_id = lambdas.invoke(self, payload)
        response_headers[_REQUEST_ID] = request_id
        response_headers["X-Amz-Executed-Version"] = "$LATEST"
        if outcome.error:
            response_headers["x-amz-function-error"] = outcome.error
        response_headers["x-amz-log-result"] = base64.b64encode(outcome.log.encode()[-4096:]).decode()
        return outcome.payload

    function: Any = LambdaFunction
    function.invoke = invoke
    function._get_layers_data = lambda self, arns: [{"Arn": arn, "CodeSize": 0} for arn in arns]
    response: Any = LambdaResponse
    response._enrich_response = staticmethod(_with_own_request_id)


def _with_own_request_id(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
    """The headers that moto sends, with the invocation's request id in place of a random one."""
    own = headers.pop(_REQUEST_ID, None)
    headers, body = BaseResponse._enrich_response(headers, body)
    if own:
        headers["x-amzn-requestid"] = own
    return headers, body


def _check_size(payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise JsonRESTError(
            "RequestEntityTooLargeException",
            f"{len(payload)} byte payload is too large for the {limit} byte limit.",
        )
