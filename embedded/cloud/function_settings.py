"""What a function's processes are started with: code, environment, keys of its role."""

import hashlib
import io
import json
import os
import uuid
import zipfile
from pathlib import Path
from typing import Any

from embedded.cloud import guard
from embedded.cloud.callers import service_credentials


def code_folder(function: Any, home: Path) -> Path:
    """The function's unpacked code: one folder for each asset, shared by the functions that use it."""
    folder = home / "functions" / hashlib.sha256(function.code_bytes).hexdigest()[:16]
    if not folder.exists():
        unpacked = folder.with_suffix(f".{uuid.uuid4().hex[:8]}")
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(unpacked)
        unpacked.rename(folder)
    return folder


def variables_of(function: Any, stream: str, home: Path, endpoint: str) -> dict[str, str]:
    """The environment of a function's process: Lambda's own variables, the template's, the role's keys."""
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        **guard.child_environment(home / "blocked-connections.jsonl"),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(code_folder(function, home)),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        **{name: str(value) for name, value in function.environment_vars.items()},
        **service_credentials(function.role, "lambda.amazonaws.com", function.function_name),
    }


def log_group(function: Any) -> str:
    """The log group that a function writes to."""
    return str(getattr(function, "outlay_log_group", f"/aws/lambda/{function.function_name}"))


def configuration_key(function: Any) -> str:
    """What a warm environment was started with: another key needs another environment."""
    settings = [
        function.code_sha_256,
        function.handler,
        function.role,
        function.timeout,
        function.memory_size,
        function.environment_vars,
    ]
    return json.dumps(settings, sort_keys=True, default=str)
