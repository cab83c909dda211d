"""The formats that bills are read in: each file of this folder declares one as FORMAT, and bears its name in bills.yaml."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from collectors.bills.format import BillFormat


def format_names() -> tuple[str, ...]:
    """Every format's name, sorted. Imports none of them."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")))


@cache
def load_format(name: str) -> BillFormat:
    """The format of that name. Raises ConfigurationError where there is none."""
    if name not in format_names():
        raise ConfigurationError(f"there is no bill format {name!r}; there are {', '.join(format_names())}")
    declared: BillFormat = importlib.import_module(f"{__name__}.{name}").FORMAT
    return declared


def looks_like(columns: Collection[str]) -> str | None:
    """The name of the format that a file with these columns is in; None where it is none that is known."""
    return next((name for name in format_names() if load_format(name).is_like(columns)), None)
