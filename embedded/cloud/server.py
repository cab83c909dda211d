"""The embedded cloud's process: `python -m embedded.cloud.server --port P --home DIR [--trino-port T]`.

AWS's API on one port of loopback (moto with everything of this package), Slack's stand-in on another. It saves the lake
when it is told to end (SIGTERM, Ctrl-C). It saves nothing when it is told to give up (SIGUSR1), when the process that
started it is gone, or when the lake was opened for reading.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded.cloud import guard
from embedded.cloud.identity import CENTRAL_ACCOUNT

PARENT_POLL_S = 0.5
ENGINE = "engine"
"""The engine's folder within the working folder."""


def main(arguments: list[str] | None = None) -> None:
    """Serves until told to stop, or until the parent process has gone."""
    options = _options(arguments)
    guard.install()
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    application, close, save = build(options)
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server: Any = make_server("127.0.0.1", options.port, application, threaded=True, request_handler=_handler())
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: _stop_serving(server))
    signal.signal(signal.SIGINT, lambda *_: _stop_serving(server))
    signal.signal(signal.SIGUSR1, lambda *_: _give_up(close))
    threading.Thread(target=_follow_parent, args=(close, options.parent or os.getppid()), daemon=True).start()
    sys.stdout.write(json.dumps({"endpoint": f"http://localhost:{options.port}"}) + "\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        close()
        save()


def build(options: argparse.Namespace) -> tuple[Any, Callable[[], None], Callable[[], None]]:
    """The WSGI application with all extensions in place; what ends all that it started; what saves the lake."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from embedded.cloud import (
        alarms,
        ec2,
        event_sources,
        events,
        iam,
        lambda_api,
        lambdas,
        objects,
        policy_sizes,
        resources,
        service_metrics,
        stack_operations,
        state,
    )
    from embedded.cloud.control import ANSWERS, Control
    from embedded.cloud.faults import Faults
    from embedded.cloud.read_only import ReadOnly
    from embedded.cloud.slack import SlackServer

    home = options.home.resolve()
    work = (options.work or home).resolve()
    endpoint = f"http://localhost:{options.port}"
    objects.install(home / "s3", work / "written" if options.open else None)
    iam.install(options.account)
    policy_sizes.install()
    stack_operations.install()
    ec2.install()
    resources.base.use_endpoint(endpoint)
    resources.custom.use_address(f"{endpoint}{ANSWERS}")
    functions = lambdas.Lambdas(endpoint, home, options.account)
    lambda_api.install(functions)
    events.install()
    service_metrics.install()
    event_sources.start(functions)
    if options.trino_port:
        from embedded.engine import athena

        athena.install(lambda: _port_when_ready(options.trino_port, work / ENGINE), iam.allowed, iam.enforced)
    if options.open:
        state.load(home)
    slack = SlackServer(home, options.slack_port) if options.slack_port else None
    moto = DomainDispatcherApplication(create_backend_app)

    def close() -> None:
        functions.close()
        if slack:
            slack.close()

    def save() -> None:
        if not options.open:
            state.save(home)

    control = Control(ReadOnly(moto) if options.open else moto, home, functions, options.account)
    faults = Faults(control, functions.kill)
    functions.dies_before_answering = faults.kills_answer
    control.commands |= {
        "inject": faults.inject,
        "faults": faults.counts,
        "clear-faults": faults.clear,
        "forget-metrics": alarms.forget_metrics,
    }
    if options.open:
        del control.commands["save"]
    return faults, close, save


def _port_when_ready(port: int, engine_home: Path) -> int:
    """The engine's port, once it answers: a query that comes while it starts waits. Raises EngineError."""
    from embedded.engine.client import wait_until_ready

    wait_until_ready(engine_home)
    return port


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="embedded.cloud.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--slack-port", type=int, default=0, help="where Slack's stand-in listens; 0: nowhere")
    parser.add_argument("--trino-port", type=int, default=0, help="Trino behind Athena's API; 0: moto's own answers")
    parser.add_argument("--work", type=Path, help="where logs, the engine and results of queries go; default: --home")
    parser.add_argument("--account", default=CENTRAL_ACCOUNT)
    parser.add_argument("--parent", type=int, help="the process to end with; default: the one that starts this")
    parser.add_argument("--open", action="store_true", help="read the lake that was saved in --home; nothing changes it")
    return parser.parse_args(arguments)


def _handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class QuietHandler(MotoRequestHandler):
        """moto's request handler with connections kept open, and no line for each request."""

        protocol_version = "HTTP/1.1"

        def log(self, *arguments: Any) -> None:
            """Nothing."""

    return QuietHandler


def _stop_serving(server: Any) -> None:
    threading.Thread(target=server.shutdown, daemon=True).start()


def _give_up(close: Callable[[], None]) -> None:
    close()
    os._exit(1)


def _follow_parent(close: Callable[[], None], parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    _give_up(close)


if __name__ == "__main__":
    main()
