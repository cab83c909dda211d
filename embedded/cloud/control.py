"""What the embedded cloud can do that AWS's API has no call for, as JSON over HTTP beside that API.

`POST /_embedded/<command>` with a JSON object; the answer is JSON, an error is status 400 with `error`.
"""

import importlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda.utils import get_backend

from embedded.cloud import access_ledger, alarms, billing, engine_reads, iam, schedules, state
from embedded.cloud.identity import DEFAULT_REGION
from embedded.cloud.lambdas import Lambdas
from embedded.cloud.remote import Invocation
from embedded.cloud.resources import custom

PREFIX = "/_embedded/"
ANSWERS = "/_embedded/cfn/"
Command = Callable[..., Any]


class CommandError(ValueError):
    """A command that can't be done as asked; its text is for the caller."""


class Control:
    """A WSGI application in front of moto's: commands and custom resources' answers, the rest goes to moto."""

    def __init__(self, application: Any, home: Path, lambdas: Lambdas, account: str) -> None:
        self.application, self.home, self.lambdas, self.account = (
            application,
            home,
            lambdas,
            account,
        )
        self.commands: dict[str, Command] = {
            "ping": lambda: {"ready": True},
            "enforce-iam": self._enforce_iam,
            "record-access": _record_access,
            "access-ledger": access_ledger.entries,
            "fire": self._fire,
            "invoke": self._invoke,
            "schedules": schedules.deployed,
            "wait": lambda request_id: asdict(self.lambdas.wait_for(request_id)),
            "drain": self._drain,
            "alarms": lambda: alarms.evaluate(self.account),
            "save": lambda: {"path": str(state.save(self.home))},
            "seed": _seed,
            "see-tags": _see_tags,
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            for own in (engine_reads.answer, billing.answer):
                told = own(environ, start_response)
                if told is not None:
                    return told
            answer: Iterable[bytes] = self.application(environ, start_response)
            return answer
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if path.startswith(ANSWERS):
            known = custom.take_answer(path.removeprefix(ANSWERS), body)
            start_response("200 OK" if known else "404 Not Found", [("Content-Length", "0")])
            return [b""]
        status, content = self._run(path.removeprefix(PREFIX), body)
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _run(self, name: str, body: bytes) -> tuple[str, bytes]:
        command = self.commands.get(name)
        if command is None:
            return "404 Not Found", json.dumps({"error": f"There is no command {name}."}).encode()
        try:
            answer = command(**json.loads(body or b"{}"))
        except Exception as error:  # told to the caller, who raises it again
            failure = {"error": str(error) or type(error).__name__, "kind": type(error).__name__}
            return "400 Bad Request", json.dumps(failure).encode()
        return "200 OK", json.dumps(answer, default=str).encode()

    def _enforce_iam(self, on: bool) -> dict[str, bool]:
        iam.enforce(on)
        return {"enforced": on}

    def _fire(self, name: str, at: str | None = None) -> dict[str, Any]:
        moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
        return asdict(schedules.fire(self.lambdas, name, moment))

    def _invoke(self, name: str, payload: Any, region: str = DEFAULT_REGION) -> dict[str, Any]:
        functions = list(get_backend(self.account, region).list_functions())
        found = [one for one in functions if one.function_name == name]
        found = found or [one for one in functions if name in one.function_name]
        if len(found) != 1:
            names = ", ".join(sorted(one.function_name for one in found or functions)) or "none is deployed"
            raise CommandError(f"{len(found)} functions match '{name}'; choose from: {names}.")
        outcome, request_id = self.lambdas.invoke(found[0], json.dumps(payload).encode())
        answer = json.loads(outcome.payload or b"null")
        return asdict(Invocation(request_id, found[0].function_name, outcome.error, answer, 1, outcome.log))

    def _drain(self) -> dict[str, bool]:
        self.lambdas.drain()
        return {"drained": True}


def _record_access(on: bool) -> dict[str, bool]:
    """Write down what IAM is asked from now on, or stop."""
    access_ledger.record(on)
    return {"recording": on}


def _see_tags(account: str, keys: list[str]) -> dict[str, int]:
    """Let an account's billing have seen tag keys, which it may then activate."""
    billing.see_tags(account, *keys)
    return {"seen": len(keys)}


def _seed(function: str) -> dict[str, int]:
    """Call `module:function`, which puts resources straight into this process's backends and says how many."""
    module, _, name = function.partition(":")
    return {"created": int(getattr(importlib.import_module(module), name)())}
