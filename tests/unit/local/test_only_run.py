"""A second run while one runs is told so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local import main_job
from local.run import RunError


def test_a_second_run_is_refused_with_the_firsts_process_and_goes_through_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_job, "HOME", tmp_path)
    refused = pytest.raises(RunError, match=f"another run .process {os.getpid()}. has")
    with main_job.only_run(), refused, main_job.only_run():
        pass
    with main_job.only_run():
        pass
