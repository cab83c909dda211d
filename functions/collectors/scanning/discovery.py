"""Finds the collectors and what they find: every module under collectors/<source>/ that declares a COLLECTOR; no list."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

from collectors.scanning.declaration import Collector
from lake.errors import ConfigurationError
from lake.resource_types import ResourceKind

_DECLARES = re.compile(r"^COLLECTOR\b", re.MULTILINE)


@cache
def collector_modules() -> dict[str, str]:
    """The dotted module of each collector, by its name, sorted. Reads the files and imports none of them.

    Raises ConfigurationError where two files share a name.
    """
    found: dict[str, str] = {}
    folder = Path(__file__).resolve().parents[1]
    for path in sorted(folder.glob("*/*.py"), key=lambda path: path.stem):
        if not _DECLARES.search(path.read_text(encoding="utf-8")):
            continue
        module = f"{folder.name}.{path.parent.name}.{path.stem}"
        if path.stem in found:
            raise ConfigurationError(
                f"collector {path.stem!r} is declared by {found[path.stem]} and by {module}; rename one of the files"
            )
        found[path.stem] = module
    return found


def collectors() -> dict[str, Collector]:
    """Every collector by its name, sorted."""
    return {name: load_collector(name) for name in collector_modules()}


def load_collector(name: str) -> Collector:
    """One collector, importing nothing of the others. Raises ConfigurationError where there is none of that name."""
    modules = collector_modules()
    if name not in modules:
        raise ConfigurationError(f"there is no collector {name!r}; there are {', '.join(modules)}")
    declared: Collector = importlib.import_module(modules[name]).COLLECTOR
    return declared


@cache
def resource_kinds() -> dict[str, ResourceKind]:
    """Every kind of resource that a collector finds, by its type, sorted. Raises ConfigurationError where two differ.

    Declarations import no SDK, so whoever needs the kinds alone may ask for all of them.
    """
    found: dict[str, ResourceKind] = {}
    for name, collector in collectors().items():
        for kind in collector.kinds:
            if found.setdefault(kind.type, kind) != kind:
                raise ConfigurationError(
                    f"collector {name} describes {kind.type} once more, and otherwise; let it import the kind"
                )
    return dict(sorted(found.items()))
