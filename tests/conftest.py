"""Fixtures that many tests share: one engine for the session, a lake of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.catalog import CATALOG
from tests.lake_on_trino import TrinoLake


@pytest.fixture(scope="session")
def athena_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An AWS endpoint with S3, Glue and Athena on the real engine, for the whole session."""
    import socket

    from local.engine.athena import install
    from local.engine.client import Engine
    from moto.server import ThreadedMotoServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    engine = Engine.start(endpoint, tmp_path_factory.mktemp("engine"))
    install(lambda: engine.port)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
    server.start()
    engine.wait_ready()
    yield endpoint
    engine.stop()
    server.stop()


@pytest.fixture
def aws(athena_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """boto3 and awswrangler talk to the session's endpoint."""
    for name, value in {
        "AWS_ENDPOINT_URL": athena_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.setup_default_session()
    return athena_endpoint


@pytest.fixture
def lake(aws: str) -> TrinoLake:
    """An empty lake of the test's own."""
    athena = boto3.client("athena")
    if "outlay" not in {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}:
        boto3.client("s3").create_bucket(Bucket="athena-results")
        results = {"OutputLocation": "s3://athena-results/"}
        athena.create_work_group(
            Name="outlay", Configuration={"ResultConfiguration": results, "EnforceWorkGroupConfiguration": True}
        )
    return TrinoLake(CATALOG, "outlay")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Recorded responses and bills that nobody here wrote; skips where the folder is absent."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("OUTLAY_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no recorded data at {folder}; set OUTLAY_TEST_DATA to its folder")
    return folder
