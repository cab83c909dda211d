"""Which tests go to one worker together: those of a file, and those of a folder whose fixtures start something dear."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

TOGETHER = ("tests/embedded/engine/", "tests/embedded/cloud/")
"""Each starts a cloud of its own for the whole folder. tests/deployed does so for each worker that runs a file of it: one,
but in `make test-exhaustive`, whose tests take so long that a second deployment pays."""


class ByFileAndFolder(LoadFileScheduling):
    """xdist's distribution by file, in the order in which files are collected: dear folders come first, unit tests last."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFileAndFolder:
    """Whatever `--dist` says."""
    return ByFileAndFolder(config, log)
