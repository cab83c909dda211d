"""Faults on request: calls of functions (or of the engine) that fail, hang, answer nonsense, or kill their caller.

A rule names the calls that it befalls; `Faults` stands in front of moto's application and looks at each call. With no
rule it costs nothing. Administrators are spared, so a test can look and mend while functions suffer.
"""

import io
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from embedded.cloud import callers
from embedded.cloud.fault_answers import CODES, CUT_SHORT, error_answer
from embedded.cloud.requests import Request
from embedded.engine.configuration import ENGINE_ACCESS_KEY

ENGINE = "engine"
"""The caller that stands for the query engine, which reads and writes objects itself."""
ANSWERING = (*CODES, "error")
KINDS = (*ANSWERING, "drop", "delay", "kill", "kill after", "half", "replace", "short pages")
RUNTIME = "runtime"
"""The service under which a function's own answers to Lambda can be killed: operation Response."""

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Rule:
    """Which calls something befalls, and what.

    kind: one of KINDS. service is the name that requests are signed for (CloudWatch's is monitoring). account and region:
    where the call goes. caller: a part of the calling role's ARN, or ENGINE. containing: text that must stand in the path,
    query or body. nth: the first matching call that it befalls; times: how many from there on (None: all).
    """

    service: str
    operation: str
    kind: str
    account: str = ""
    region: str = ""
    caller: str = ""
    containing: str = ""
    nth: int = 1
    times: int | None = None
    code: str = "InternalError"
    status: int = 500
    seconds: float = 0.0
    old: str = ""
    new: str = ""
    size: int = 5
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault '{self.kind}'; choose from: {', '.join(KINDS)}.")

    def befalls(self, request: Request, caller: str) -> bool:
        """Whether it befalls this call; counts those that it could."""
        if not (
            self.service == request.service
            and self.operation in (request.operation, "*")
            and self.account in ("", request.account)
            and self.region in ("", request.region)
            and (caller == ENGINE) == (self.caller == ENGINE)
            and (self.caller == ENGINE or self.caller in caller)
            and request.contains(self.containing)
        ):
            return False
        self.seen += 1
        return self.nth <= self.seen and (self.times is None or self.seen < self.nth + self.times)


class Faults:
    """A WSGI application in front of another: what no rule befalls passes through. kill ends an access key's process."""

    def __init__(self, application: Application, kill: Callable[[str], bool]) -> None:
        self._application, self._kill = application, kill
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def inject(self, **rule: Any) -> dict[str, int]:
        """Add a rule; the fields are Rule's."""
        with self._lock:
            self._rules.append(Rule(**rule))
        return {"rules": len(self._rules)}

    def counts(self) -> list[dict[str, Any]]:
        """Each rule with the number of calls that it has seen."""
        told = ("service", "operation", "kind", "seen")
        return [{name: getattr(rule, name) for name in told} for rule in self._rules]

    def clear(self) -> list[dict[str, Any]]:
        """Forget all rules; says how many calls each has seen."""
        with self._lock:
            counts, self._rules = self.counts(), []
        return counts

    def kills_answer(self, function_arn: str) -> bool:
        """Whether a function is to die before its answer reaches Lambda."""
        return self._rule_for(Request(RUNTIME, "Response", path=function_arn), f"{function_arn}/") is not None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One call."""
        if not self._rules:
            return self._application(environ, start_response)
        request = Request.read(environ)
        rule = self._rule_for(request, _caller(request.access_key))
        if rule is None:
            return self._application(environ, start_response)
        return self._befall(rule, request, environ, start_response)

    def _rule_for(self, request: Request, caller: str) -> Rule | None:
        if not caller:
            return None
        with self._lock:
            return next((rule for rule in self._rules if rule.befalls(request, caller)), None)

    def _befall(self, rule: Rule, request: Request, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        time.sleep(rule.seconds)
        if rule.kind in ANSWERING:
            status, headers, body = error_answer(rule.kind, rule.code, rule.status, request)
            start_response(status, headers)
            return [body]
        if rule.kind in ("drop", "kill"):
            return self._silence(rule, request, environ)
        if rule.kind == "short pages":
            _shorten_page(environ, request, rule.size)
        if rule.kind in ("delay", "short pages"):
            return self._application(environ, start_response)
        status, headers, body = self._answer(environ)
        if rule.kind == "kill after":
            return self._silence(rule, request, environ)
        body = body[: len(body) // CUT_SHORT] if rule.kind == "half" else body.replace(rule.old.encode(), rule.new.encode())
        start_response(status, [*_without_length(headers), ("Content-Length", str(len(body)))])
        return [body]

    def _silence(self, rule: Rule, request: Request, environ: dict[str, Any]) -> Iterable[bytes]:
        """Close the connection without an answer; where the rule says so, the caller's process is gone first."""
        if rule.kind.startswith("kill"):
            self._kill(request.access_key)
        connection = environ["werkzeug.socket"]
        connection.shutdown(2)
        raise ConnectionAbortedError(f"fault: {rule.kind}")

    def _answer(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        """What the application answers, before anybody sees it."""
        taken: list[Any] = []
        body = b"".join(self._application(environ, lambda *arguments: taken.append(arguments)))
        status, headers = taken[-1][:2]
        return status, headers, body


def _caller(access_key: str) -> str:
    """The ARN of a role's session, ENGINE, or nothing for an administrator and for nobody known."""
    if access_key == ENGINE_ACCESS_KEY:
        return ENGINE
    caller = callers.identify(access_key)
    return caller.arn if caller and not caller.administrator else ""


def _without_length(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() != "content-length"]


def _shorten_page(environ: dict[str, Any], request: Request, size: int) -> None:
    """Let the service answer with fewer than were asked for, as AWS may at any time."""
    fields = [
        f"MaxResults={size}" if field.startswith("MaxResults=") else field for field in request.body.decode().split("&")
    ]
    body = "&".join(fields).encode()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
