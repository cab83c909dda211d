"""docs/first-hour.md, typed by a stranger into a fresh clone: each command does what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.home import ROOT
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import Outlay

pytestmark = pytest.mark.exhaustive
PAGE = ROOT / "docs" / "first-hour.md"
CLONE = "git clone <address of this repository> outlay"


def commands() -> list[str]:
    """What the page tells to type, in order."""
    return re.findall(r"^    \$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_first_hour_goes_as_it_is_written(tmp_path: Path) -> None:
    clone, enter, *typed = commands()
    assert (clone, enter) == (CLONE, "cd outlay")
    root = fresh_clone(tmp_path)
    said: dict[str, str] = {}
    try:
        for command in typed:
            said[command] = typed_in(command, root)
    finally:
        typed_in(".venv/bin/outlay stop", root)
    (billed,) = re.findall(r"Billed in 60 days +\$([\d,.]+)", said["make run"])
    assert len(said["make run"].splitlines()) <= 60 + 30, "progress, then the summary"
    assert (root / ".outlay" / "report.html").stat().st_size > 1_000_000
    total = said['.venv/bin/outlay query "select sum(cost_usd) from cost_hourly"'].split()[1]
    assert total == billed.replace(",", ""), "the headline is the sum that anybody can ask for"
    assert said[".venv/bin/outlay query --saved totals_tie_out"].splitlines()[-1].startswith("0 rows")
    assert "#team-aperture" in said[".venv/bin/outlay slack"]
    assert said[".venv/bin/outlay stop"].strip() == "stopped"
    own = next(text for command, text in said.items() if "select provider" in command)
    assert {line.split()[0] for line in own.splitlines()[1:-1]} >= {"AWS", "Microsoft"}
    assert "the query engine is installed" in said[".venv/bin/outlay doctor"]


def fresh_clone(folder: Path) -> Path:
    """A clone with what was installed here, so that nothing is fetched: the demo's own commands come from the clone."""
    root = folder / "outlay"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
    shutil.copytree(ROOT / ".venv", root / ".venv", symlinks=True)
    shutil.copytree(ROOT / ".outlay" / "engine" / "jars", root / ".outlay" / "engine" / "jars", symlinks=True)
    return root


def typed_in(command: str, root: Path) -> str:
    """What a command prints; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OUTLAY_HOME")}
    done = subprocess.run(
        ["bash", "-c", command], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_the_deploy_guides_check_is_a_command_that_works_on_a_deployment(outlay: Outlay) -> None:
    outlay.collect(collectors=["elastic_ips"])
    command = [str(Path(sys.executable).with_name("outlay")), "doctor", "--aws", str(CONFIG)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(command, env=environment | outlay.cloud.environment(), capture_output=True, text=True, check=False)
    assert "stack tested-alerts is CREATE_COMPLETE" in done.stdout
    assert "all 2 scans succeed" in done.stdout
