"""Faults over the deployed template: a ground that is prepared once a module, and faults that end with their test."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from local.cloud.embedded import EmbeddedCloud
from local.run import Deployed
from tests.deployed.faults.ground import Ground


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(what, reported, repaired): a row of docs/reliability.md")


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
