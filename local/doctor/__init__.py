"""`outlay doctor`: what is wrong with this machine, or with a deployment in AWS, and what to do about it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.doctor.account import check_account
from local.doctor.finding import CheckResult
from local.doctor.machine import check_machine
from local.report.plain import printable

SIGN = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def doctor(config: Path | None, console: Console, *, smoke: bool = False) -> bool:
    """Check the machine, or the deployment that a settings folder describes; False where something must be put right.

    smoke: run a statement of each kind in the deployment's Athena, too.
    """
    well = True
    for finding in check_account(config, smoke=smoke) if config else check_machine():
        _show(finding, console)
        well = well and finding.status != "fail"
    return well


def _show(finding: CheckResult, console: Console) -> None:
    console.print(Text.assemble(SIGN[finding.status], f" {printable(finding.text)}"), soft_wrap=True)
    if finding.remedy:
        console.print(Text(f"  {printable(finding.remedy)}", "dim"), soft_wrap=True)
