"""Faults over the deployed template: a ground that is prepared once a module, and faults that end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from embedded.cloud.embedded import EmbeddedCloud
from local.run import Deployed
from tests.deployed.faults.ground import Ground

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(what, reported, repaired): a row of docs/reliability.md")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every fault is one of the matrices that take minutes. The hook sees the items of all folders."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("exhaustive")


@pytest.fixture(scope="module")
def ground(cloud: EmbeddedCloud, deployed: Deployed) -> Iterator[Ground]:
    """The deployment, emptied once for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        boto3.setup_default_session()
        found = Ground.of(deployed)
        found.empty()
        yield found
        cloud.clear_faults()


@pytest.fixture(autouse=True)
def all_is_well_afterwards(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.clear_faults()
