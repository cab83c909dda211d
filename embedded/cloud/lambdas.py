"""Lambda without docker: each deployed function runs as processes of its own, under its own role.

An asynchronous invocation is tried up to three times and ends in the function's on-success or
on-failure destination or its dead-letter queue. Layers are the packages of this interpreter.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError

from embedded.cloud.destinations import deliver_outcome
from embedded.cloud.function_logs import record_invocation, record_lost_outcome
from embedded.cloud.function_settings import code_folder, configuration_key, variables_of
from embedded.cloud.remote import Invocation
from embedded.cloud.runtime import ExecutionEnvironment, InvocationOutcome

MAX_ENVIRONMENTS = 10  # of one function at a time; AWS's default is 1,000 for an account
RETRY_PAUSES_S = (0.2, 0.4)  # AWS: one minute, then two


@dataclass
class Pool:
    """The environments of one function as it is configured now."""

    key: str
    idle: list[ExecutionEnvironment] = field(default_factory=list)
    busy: set[ExecutionEnvironment] = field(default_factory=set)


class Lambdas:
    """All functions' processes, and the asynchronous invocations under way."""

    def __init__(self, endpoint: str, home: Path, account: str) -> None:
        self.endpoint, self.home, self.account = endpoint, home, account
        self._pools: dict[str, Pool] = {}
        self._changed = threading.Condition()
        self._asynchronous: dict[str, Future[Invocation]] = {}
        self._closed = False
        self.dies_before_answering: Callable[[str], bool] = lambda function_arn: False

    def invoke(self, function: Any, payload: bytes, request_id: str | None = None) -> tuple[InvocationOutcome, str]:
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
        future: Future[Invocation] = Future()
        self._asynchronous[request_id] = future
        threading.Thread(target=self._run_later, args=(function, payload, request_id, future), daemon=True).start()
        return request_id

    def wait_for(self, request_id: str) -> Invocation:
        """Waits until an asynchronous invocation has ended, with its retries and destination. Raises KeyError."""
        return self._asynchronous[request_id].result()

    def drain(self) -> None:
        """Waits for all asynchronous invocations that are under way."""
        for future in list(self._asynchronous.values()):
            future.result()

    def kill(self, access_key: str) -> bool:
        """Ends the process that has this access key at once, as the kernel would; says whether there is one."""
        with self._changed:
            busy = [environment for pool in self._pools.values() for environment in pool.busy]
        found = [environment for environment in busy if environment.access_key == access_key]
        for environment in found:
            environment.kill()
        return bool(found)

    def close(self) -> None:
        """Ends all processes; no function can run after that."""
        with self._changed:
            self._closed = True
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            for environment in [*pool.idle, *pool.busy]:
                environment.close()

    def _run_later(self, function: Any, payload: bytes, request_id: str, future: "Future[Invocation]") -> None:
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
        try:
            delivered = deliver_outcome(function, config, payload, outcome, request_id, attempts, self.endpoint)
        except ClientError:  # as Lambda: counted, and told to nobody
            delivered = None
            record_lost_outcome(function)
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

    def _acquire(self, function: Any) -> ExecutionEnvironment:
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

    def _release(self, function: Any, environment: ExecutionEnvironment, *, keep: bool) -> None:
        with self._changed:
            pool = self._pools.get(function.function_arn)
            current = pool is not None and environment in pool.busy
            if pool is not None and current:
                pool.busy.discard(environment)
                if keep and pool.key == configuration_key(function):
                    pool.idle.append(environment)
                    environment = None  # type: ignore[assignment]
            self._changed.notify_all()
        if environment is not None:
            environment.close()

    def _pool(self, function: Any) -> Pool:
        key = configuration_key(function)
        pool = self._pools.get(function.function_arn)
        if pool is None or pool.key != key:
            for stale in pool.idle if pool else ():
                stale.close()
            pool = self._pools[function.function_arn] = Pool(key)
        return pool

    def _start(self, function: Any) -> ExecutionEnvironment:
        stream = f"{time.strftime('%Y-%m-%d', time.gmtime())}-{uuid.uuid4().hex[:8]}"
        log = self.home / "logs" / function.function_name / f"{stream}.log"
        variables = variables_of(function, stream, self.home, self.endpoint)
        code = code_folder(function, self.home)
        return ExecutionEnvironment(
            function.function_arn, function.handler, code, variables, log, self.dies_before_answering
        )


def _invoke_config(function: Any) -> dict[str, Any]:
    configs = function.event_invoke_config
    return dict(configs[-1].config) if configs else {}
