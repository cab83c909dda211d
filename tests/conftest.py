"""What all tests share: one engine for the run, a lake of its own for each test, no connection but to this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from embedded.cloud import guard
from embedded.cloud.embedded import EmbeddedCloud
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake

pytest_plugins = [f"tests.support.{name}" for name in ("shared_cloud", "scheduling", "checks_beside", "left_out", "timings")]


def pytest_configure() -> None:
    """Guard this process, before it imports a test module, and what it will start: tests run in workers and their children."""
    guard.install()
    guarded = guard.node_environment()
    guarded["PYTHONPATH"] = os.pathsep.join(filter(None, [guarded["PYTHONPATH"], os.environ.get("PYTHONPATH")]))
    os.environ.update(guarded)


@pytest.fixture(scope="session")
def cloud(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """The embedded cloud with the real engine behind Athena, for all workers of the run.

    Whoever needs one that nobody else changes (permissions enforced, faults, a deployment) overrides this fixture.
    """
    from tests.support.shared_cloud import shared_cloud  # a plugin: pytest imports it first, to rewrite its assertions

    with shared_cloud(pytestconfig, tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture(scope="session")
def administrator(cloud: EmbeddedCloud) -> boto3.Session:
    """The central account's administrator. One session for all tests: reading the services' models takes longer than most."""
    return cloud.session()


@pytest.fixture
def aws(cloud: EmbeddedCloud, administrator: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> str:
    """boto3 and awswrangler talk to the session's cloud, as the central account's administrator."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", administrator)
    return cloud.endpoint


@pytest.fixture
def lake(aws: str) -> TrinoLake:
    """An empty lake of the test's own."""
    return TrinoLake(CATALOG, "outlay")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Recorded responses and bills that nobody here wrote."""
    return Path(__file__).parent / "data"
