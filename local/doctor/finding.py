"""What a check of the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CheckResult:
    """One check: what was found, and what to do about it."""

    status: Literal["ok", "warn", "fail"]
    text: str
    remedy: str = ""
