"""Lambda without docker: each deployed function runs as processes of its own, under its own role.

`Invoke` behaves as AWS's: RequestResponse waits and reports function errors as such, Event is queued, tried up to
three times and ends in the function's on-success or on-failure destination or its dead-letter queue. Layers are the
packages of this interpreter. Everything that moto sends to a function (SNS, EventBridge, S3) comes through here too.
"""

import base64
import hashlib
import io
import json
import os
import threading
import time
import uuid
import zipfile
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from local.cloud import guard
from local.cloud.destinations import deliver_outcome
from local.cloud.function_logs import record_invocation
from local.cloud.iam import service_credentials
from local.cloud.runtime import Environment, Outcome

_REQUEST_ID = "x-amzn-RequestId"
MAX_ENVIRONMENTS = 10  # of one function at a time; AWS's default is 1,000 for an account
RETRY_PAUSES_S = (0.2, 0.4)  # AWS: one minute, then two
MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Invocation:
    """What became of one invocation, its retries included."""

    request_id: str
    function: str
    error: str | None
    payload: Any
    attempts: int
    log: str
    delivered_to: str | None = None
    """ARN of the destination or dead-letter queue that got the outcome."""


@dataclass
class Pool:
    """The environments of one function as it is configured now."""

    key: str
    idle: list[Environment] = field(default_factory=list)
    busy: set[Environment] = field(default_factory=set)


class Lambdas:
    """All functions' processes, and the asynchronous invocations under way."""

    def __init__(self, endpoint: str, home: Path, account: str) -> None:
        self.endpoint, self.home, self.account = endpoint, home, account
        self._pools: dict[str, Pool] = {}
        self._changed = threading.Condition()
        self._asynchronous: dict[str, Future[Invocation]] = {}
        self._closed = False

    def invoke(
        self, function: Any, payload: bytes, request_id: str | None = None
    ) -> tuple[Outcome, str]:
        """Runs a function once, in a warm environment where one is idle; waits where all are busy."""
        request_id = request_id or str(uuid.uuid4())
        environment = self._acquire(function)
        outcome = None
        try:
            outcome = environment.invoke(request_id, payload, float(function.timeout))
        finally:
            self._release(function, environment, keep=outcome is not None and outcome.alive)
        return record_invocation(function, outcome, request_id, environment.log), request_id

    def invoke_later(self, function: Any, payload: bytes) -> str:
        """Queues an asynchronous invocation and returns its request id at once."""
        request_id = str(uuid.uuid4())
        self._asynchronous[request_id] = future = Future()
        threading.Thread(
            target=self._run_later, args=(function, payload, request_id, future), daemon=True
        ).start()
        return request_id

    def wait_for(self, request_id: str) -> Invocation:
        """Waits until an asynchronous invocation has ended, with its retries and destination. Raises KeyError."""
        return self._asynchronous[request_id].result()

    def drain(self) -> None:
        """Waits for all asynchronous invocations that are under way."""
        for future in list(self._asynchronous.values()):
            future.result()

    def close(self) -> None:
        """Ends all processes; no function can run after that."""
        with self._changed:
            self._closed = True
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            for environment in [*pool.idle, *pool.busy]:
                environment.close()

    def _run_later(
        self, function: Any, payload: bytes, request_id: str, future: "Future[Invocation]"
    ) -> None:
        try:
            future.set_result(self._attempt(function, payload, request_id))
        except BaseException as error:
            future.set_exception(error)
            raise

    def _attempt(self, function: Any, payload: bytes, request_id: str) -> Invocation:
        config = _invoke_config(function)
        retries = int(config.get("MaximumRetryAttempts", len(RETRY_PAUSES_S)))
        attempts = 0
        while True:
            attempts += 1
            outcome, _ = self.invoke(function, payload, request_id)
            if outcome.error is None or attempts > retries:
                break
            time.sleep(RETRY_PAUSES_S[attempts - 1])
        delivered = deliver_outcome(
            function, config, payload, outcome, request_id, attempts, self.endpoint
        )
        answer = json.loads(outcome.payload or b"null")
        return Invocation(
            request_id,
            function.function_name,
            outcome.error,
            answer,
            attempts,
            outcome.log,
            delivered,
        )

    def _acquire(self, function: Any) -> Environment:
        limit = min(MAX_ENVIRONMENTS, function.reserved_concurrency or MAX_ENVIRONMENTS)
        with self._changed:
            while True:
                pool = self._pool(function)
                if self._closed:
                    raise JsonRESTError("ServiceException", "The embedded cloud is stopping.")
                if pool.idle or len(pool.busy) < limit:
                    break
                self._changed.wait()
            environment = pool.idle.pop() if pool.idle else self._start(function)
            pool.busy.add(environment)
            return environment

    def _release(self, function: Any, environment: Environment, *, keep: bool) -> None:
        with self._changed:
            pool = self._pools.get(function.function_arn)
            current = pool is not None and environment in pool.busy
            if pool is not None and current:
                pool.busy.discard(environment)
                if keep and pool.key == _configuration_key(function):
                    pool.idle.append(environment)
                    environment = None  # type: ignore[assignment]
            self._changed.notify_all()
        if environment is not None:
            environment.close()

    def _pool(self, function: Any) -> Pool:
        key = _configuration_key(function)
        pool = self._pools.get(function.function_arn)
        if pool is None or pool.key != key:
            for stale in pool.idle if pool else ():
                stale.close()
            pool = self._pools[function.function_arn] = Pool(key)
        return pool

    def _start(self, function: Any) -> Environment:
        stream = f"{time.strftime('%Y-%m-%d', time.gmtime())}-{uuid.uuid4().hex[:8]}"
        log = self.home / "logs" / function.function_name / f"{stream}.log"
        variables = self._variables(function, stream)
        return Environment(
            function.function_arn, function.handler, self._code(function), variables, log
        )

    def _code(self, function: Any) -> Path:
        """The function's unpacked code: one folder for each asset, shared by the functions that use it."""
        folder = self.home / "functions" / hashlib.sha256(function.code_bytes).hexdigest()[:16]
        if not folder.exists():
            unpacked = folder.with_suffix(f".{uuid.uuid4().hex[:8]}")
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(unpacked)
            unpacked.rename(folder)
        return folder

    def _variables(self, function: Any, stream: str) -> dict[str, str]:
        temporary = self.home / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            **guard.child_environment(self.home / "blocked-connections.jsonl"),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(self._code(function)),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(function),
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            **{name: str(value) for name, value in function.environment_vars.items()},
            **service_credentials(function.role, "lambda.amazonaws.com", function.function_name),
        }


def _log_group(function: Any) -> str:
    return str(getattr(function, "outlay_log_group", f"/aws/lambda/{function.function_name}"))


def _configuration_key(function: Any) -> str:
    settings = [
        function.code_sha_256,
        function.handler,
        function.role,
        function.timeout,
        function.memory_size,
        function.environment_vars,
    ]
    return json.dumps(settings, sort_keys=True, default=str)


def _invoke_config(function: Any) -> dict[str, Any]:
    configs = function.event_invoke_config
    return dict(configs[-1].config) if configs else {}


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
        response_headers["x-amz-log-result"] = base64.b64encode(
            outcome.log.encode()[-4096:]
        ).decode()
        return outcome.payload

    LambdaFunction.invoke = invoke
    LambdaFunction._get_layers_data = lambda self, arns: [
        {"Arn": arn, "CodeSize": 0} for arn in arns
    ]
    LambdaResponse._enrich_response = staticmethod(_with_own_request_id)


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
