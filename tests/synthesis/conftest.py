"""One synthesis for all tests of the stacks, and a folder of settings to spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.synthesis.templates import Assembly

ROOT = Path(__file__).resolve().parent.parent.parent
Edit = Callable[[str, str], None]


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app as config/ stands in the repository."""
    from infra.synthesis import synthesize

    return Assembly.read(synthesize(ROOT / "config", tmp_path_factory.mktemp("assembly")))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of config/, for a test to change."""
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
