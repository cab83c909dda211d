"""A checkout that was copied or moved with its environment runs its own code, with nothing fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import bootstrap
from local.home import ROOT


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this checkout: an environment without packages, whose commands still name this one's Python."""
    root = tmp_path / "copied"
    bin_folder = root / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    python = ROOT / ".venv" / "bin" / "python"
    (bin_folder / "tool").write_text(f"#!{python}\nimport sys\nprint(sys.prefix)\n")
    (bin_folder / "tool").chmod(0o755)
    (bin_folder / "binary").write_bytes(b"\0\1" + os.fsencode(python))
    for name, path in (("ROOT", root), ("VENV", root / ".venv"), ("CLI", root / "cli")):
        monkeypatch.setattr(bootstrap, name, path)
    for name in ("LOCK", "JARS_LOCK"):
        monkeypatch.setattr(bootstrap, name, root / name)
        (root / name).write_text(name)
    return root


def stamp(root: Path, came_from: Path) -> None:
    packages = bootstrap.digest([root / "LOCK", Path(bootstrap.__file__)])
    (root / ".venv" / "outlay-packages").write_text(f"{packages}\n{came_from}")
    (root / ".venv" / "outlay-jars").write_text(f"{bootstrap.digest([root / 'JARS_LOCK'])}\n{came_from}")


def test_a_copied_checkout_is_adapted_and_looks_at_its_engine_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp(checkout, ROOT)
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "install_packages", lambda: installed.append("packages"))
    monkeypatch.setattr(bootstrap, "install_jars", lambda: installed.append("jars"))
    monkeypatch.setattr(sys, "argv", ["bootstrap"])
    assert bootstrap.main() == 0
    assert installed == ["jars"], "the engine's start cache is good for one place alone"
    said = subprocess.run([checkout / ".venv" / "bin" / "tool"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(checkout / ".venv")
    assert (checkout / ".venv" / "bin" / "binary").read_bytes().endswith(os.fsencode(ROOT / ".venv" / "bin" / "python"))
    assert str(checkout / ".venv" / "bin" / "python") in (checkout / ".venv" / "bin" / "outlay").read_text()
    (pth,) = (checkout / ".venv").glob("lib/*/site-packages/outlay.pth")
    assert pth.read_text().splitlines() == [str(checkout), str(checkout / "functions")]
    capsys.readouterr()
    assert bootstrap.main() == 0
    assert (installed, capsys.readouterr().out) == (["jars"], ""), "a second call does nothing"


def test_other_packages_are_installed_wherever_the_checkout_lies(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(checkout, ROOT)
    (checkout / "LOCK").write_text("newer")
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "install_packages", lambda: installed.append("packages"))
    monkeypatch.setattr(bootstrap, "install_jars", lambda: installed.append("jars"))
    monkeypatch.setattr(sys, "argv", ["bootstrap"])
    assert bootstrap.main() == 0
    assert installed == ["packages", "jars"]


@pytest.mark.exhaustive
def test_a_copied_checkout_runs_its_own_demo(tmp_path: Path) -> None:
    """The whole of it, as a person meets it: `cp -r`, then `make run`."""
    root = tmp_path / "copied"
    # Only what runs left behind stays: functions/lake is code.
    left_behind = shutil.ignore_patterns("lakes", "lake", "service")
    of_root = shutil.ignore_patterns(".git", "cdk.out")

    def ignore(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == ROOT:
            return of_root(folder, names)
        return left_behind(folder, names) if ROOT / ".outlay" in (Path(folder), *Path(folder).parents) else set()

    shutil.copytree(ROOT, root, symlinks=True, ignore=ignore)
    done = subprocess.run(
        ["make", "run", "ARGS=--quiet"],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OUTLAY_HOME")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "3 open findings" in done.stdout
    assert (root / ".outlay" / "report.html").exists()
