"""No connection leaves loopback: the guard for this process, for Python children and for Node children."""

import json
import os
from pathlib import Path
from typing import Any

from embedded.cloud.guard.sitecustomize import (
    OutsideConnectionError,
    die_with_parent,
    install,
    is_local,
)

__all__ = [
    "OutsideConnectionError",
    "attempts",
    "child_environment",
    "die_with_parent",
    "install",
    "is_local",
    "node_environment",
]

HERE = Path(__file__).parent


def child_environment(log: Path | None = None) -> dict[str, str]:
    """The variables that guard a Python child process from its start and end it with this one."""
    variables = {"PYTHONPATH": str(HERE), "OUTLAY_GUARD": "1", "OUTLAY_DIE_WITH_PARENT": "1"}
    return variables | _log_variable(log)


def node_environment(log: Path | None = None) -> dict[str, str]:
    """The variables that guard a Node process (the cdk command) from its start, and the Python that it starts."""
    options = f"{os.environ.get('NODE_OPTIONS', '')} --require {HERE / 'guard.js'}".strip()
    variables = {
        "NODE_OPTIONS": options,
        "PYTHONPATH": str(HERE),
        "OUTLAY_GUARD": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",  # the cdk command would try, be stopped, and be logged
    }
    return variables | _log_variable(log)


def attempts(log: Path) -> list[dict[str, Any]]:
    """What the guard has stopped, oldest first; empty when nothing was tried."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _log_variable(log: Path | None) -> dict[str, str]:
    return {"OUTLAY_GUARD_LOG": str(log.resolve())} if log else {}
