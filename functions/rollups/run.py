"""One run of all rollups, in the order in which they refer to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lake.catalog import Catalog
from lake.errors import OutlayError
from lake.relations import Rollup
from rollups.build import Builder, Built

LEAST_MS = 120_000
"""No build is begun with less time left than this: it might be cut off between write and publish."""


@dataclass
class RunReport:
    """What a run did: what it built, which rollups failed and why, which wait for a failed one, and whether work is left."""

    built: list[Built] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    is_complete: bool = True


def run_rollups(builder: Builder, catalog: Catalog, slot: datetime, remaining_ms: Callable[[], int]) -> RunReport:
    """Build every stale day of every rollup.

    A rollup that fails keeps what it had published; those that read it wait, the others go on. Stops between builds when
    the time is short: the next run takes up what is left.
    """
    report = RunReport()
    for rollup in catalog.rollups:
        if _waits(rollup, report):
            report.waiting.append(rollup.full_name)
            continue
        try:
            for built in builder.build_stale_days(rollup, slot):
                report.built.append(built)
                if remaining_ms() < LEAST_MS:
                    report.is_complete = False
                    return report
        except OutlayError as error:
            report.failed[rollup.full_name] = str(error)
    return report


def _waits(rollup: Rollup, report: RunReport) -> bool:
    return any(name in report.failed or name in report.waiting for name in rollup.references)
