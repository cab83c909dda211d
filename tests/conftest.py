"""Fixtures that many tests share: one engine for the session, a lake of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from embedded.cloud.embedded import EmbeddedCloud
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """The embedded cloud with the real engine behind Athena, for the whole session."""
    with EmbeddedCloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture
def aws(cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """boto3 and awswrangler talk to the session's cloud, as the central account's administrator."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    boto3.setup_default_session()
    return cloud.endpoint


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
    """Recorded responses and bills that nobody here wrote."""
    return Path(__file__).parent / "data"
