"""The embedded cloud's process: `python -m embedded.cloud.server --port P --home DIR [--trino-port T]`.

AWS's API on one port of loopback (moto with everything of this package), Slack's stand-in on another. It ends with the
process that started it, and saves the lake when it is told to end (SIGTERM, Ctrl-C).
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from embedded.cloud import guard
from embedded.cloud.identity import CENTRAL_ACCOUNT

PARENT_POLL_S = 0.5


def main(arguments: list[str] | None = None) -> None:
    """Serves until told to stop, or until the parent process has gone."""
    options = _options(arguments)
    guard.install()
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    application, stop = build(options)
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server: Any = make_server("127.0.0.1", options.port, application, threaded=True, request_handler=_handler())
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: _stop_serving(server))
    signal.signal(signal.SIGINT, lambda *_: _stop_serving(server))
    threading.Thread(target=_follow_parent, args=(server, options.parent or os.getppid()), daemon=True).start()
    sys.stdout.write(json.dumps({"endpoint": f"http://localhost:{options.port}"}) + "\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        stop()


def build(options: argparse.Namespace) -> tuple[Any, Any]:
    """The WSGI application with all extensions in place, and what to call when it ends."""
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
        resources,
        stack_operations,
        state,
    )
    from embedded.cloud.control import ANSWERS, Control
    from embedded.cloud.faults import Faults
    from embedded.cloud.slack import SlackServer

    home = options.home.resolve()
    endpoint = f"http://localhost:{options.port}"
    objects.install(home / "s3")
    iam.install(options.account)
    stack_operations.install()
    ec2.install()
    resources.base.use_endpoint(endpoint)
    resources.custom.use_address(f"{endpoint}{ANSWERS}")
    functions = lambdas.Lambdas(endpoint, home, options.account)
    lambda_api.install(functions)
    events.install()
    event_sources.start(functions)
    if options.trino_port:
        from embedded.engine import athena

        athena.install(lambda: options.trino_port, iam.allowed, iam.enforced)
    if options.open:
        state.load(home)
    slack = SlackServer(home, options.slack_port) if options.slack_port else None
    moto = DomainDispatcherApplication(create_backend_app)

    def stop() -> None:
        functions.close()
        if slack:
            slack.close()
        state.save(home)

    control = Control(moto, home, functions, options.account)
    faults = Faults(control, functions.kill)
    functions.dies_before_answering = faults.kills_answer
    control.commands |= {
        "inject": faults.inject,
        "faults": faults.counts,
        "clear-faults": faults.clear,
        "forget-metrics": alarms.forget_metrics,
    }
    return faults, stop


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="embedded.cloud.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--slack-port", type=int, default=0, help="where Slack's stand-in listens; 0: nowhere")
    parser.add_argument("--trino-port", type=int, default=0, help="Trino behind Athena's API; 0: moto's own answers")
    parser.add_argument("--parent", type=int, help="the process to end with: it may be gone before this one can ask for it")
    parser.add_argument("--account", default=CENTRAL_ACCOUNT)
    parser.add_argument("--open", action="store_true", help="start with the lake that was saved in --home")
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


def _follow_parent(server: Any, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    server.shutdown()


if __name__ == "__main__":
    main()
