"""Outlay, deployed once a session from its synthesized template, and emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.cloud.embedded import EmbeddedCloud
from local.run import Deployed, deploy_outlay
from tests.deployed.outlay import Outlay

CONFIG = Path(__file__).parent / "config"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A cloud that no other test sees: here permissions are enforced, calls fail on purpose, and the lake is emptied."""
    with EmbeddedCloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="session")
def deployed(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The deployment, with permissions enforced from then on."""
    found = deploy_outlay(cloud, CONFIG, lambda text: None, tmp_path_factory.mktemp("deployment"))
    cloud.enforce_iam()
    return found


@pytest.fixture
def outlay(aws: str, deployed: Deployed) -> Outlay:
    """The deployment, its lake empty."""
    found = Outlay.of(deployed)
    found.empty()
    return found
