"""One run of all rollups: what does not depend on each other is built side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter

from botocore.exceptions import BotoCoreError, ClientError

from lake.catalog import Catalog
from lake.errors import OutlayError
from lake.relations import Rollup
from rollups.build import Builder, Built

LEAST_MS = 120_000
"""No build is begun with less time left than this: it might be cut off between write and publish."""

AT_ONCE = 6
"""Rollups that are built at the same time. Each has one query in Athena at a time, and an account may run 20 of them, unless
it asked for more; people query, too."""


@dataclass
class RunReport:
    """What a run did: what it built, which rollups failed and why, which wait for a failed one, and whether work is left."""

    built: list[Built] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    is_complete: bool = True


def run_rollups(builder: Builder, catalog: Catalog, slot: datetime, remaining_ms: Callable[[], int]) -> RunReport:
    """Build every stale day of every rollup, AT_ONCE rollups at a time, each once all that it reads is built.

    A rollup that fails keeps what it had published; those that read it wait, the others go on. When the time is short no
    build is begun any more: the next run takes up what is left.
    """
    return _Run(builder, catalog, slot, remaining_ms).to_its_end()


class _Run:
    """The rollups of one run, and how far each has come. Only the thread that calls to_its_end changes the report."""

    def __init__(self, builder: Builder, catalog: Catalog, slot: datetime, remaining_ms: Callable[[], int]) -> None:
        self._builder, self._slot, self._remaining_ms = builder, slot, remaining_ms
        self._rollups = {rollup.full_name: rollup for rollup in catalog.rollups}
        graph = {name: [r for r in rollup.references if r in self._rollups] for name, rollup in self._rollups.items()}
        self._order = TopologicalSorter(graph)
        self._under_way: dict[Future[bool], tuple[str, list[Built]]] = {}
        self._report = RunReport()
        self._one_at_a_time, self._has_built = threading.Lock(), False

    def to_its_end(self) -> RunReport:
        self._order.prepare()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rollup") as pool:
            while self._order.is_active():
                self._begin_what_is_ready(pool)
                if self._under_way:
                    ended, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                    for future in ended:
                        self._note(future)
        return self._report

    def _begin_what_is_ready(self, pool: ThreadPoolExecutor) -> None:
        for name in self._order.get_ready():
            rollup = self._rollups[name]
            if self._waits(rollup):
                self._report.waiting.append(name)
                self._order.done(name)
                continue
            built: list[Built] = []
            self._under_way[pool.submit(self._build, rollup, built)] = (name, built)

    def _build(self, rollup: Rollup, built: list[Built]) -> bool:
        """Build what is stale of one rollup, adding to built; whether all of it was."""
        if not self._is_late():
            return self._build_ranges(rollup, built)
        # A run that begins late still builds something, or it would never get on: one build, whichever comes first.
        with self._one_at_a_time:
            return False if self._has_built else self._build_ranges(rollup, built)

    def _build_ranges(self, rollup: Rollup, built: list[Built]) -> bool:
        for one in self._builder.build_stale_days(rollup, self._slot):
            built.append(one)
            self._has_built = True
            if self._is_late():
                return False
        return True

    def _note(self, ended: Future[bool]) -> None:
        name, built = self._under_way.pop(ended)
        self._report.built += built
        self._order.done(name)
        try:
            self._report.is_complete &= ended.result()
        except OutlayError as error:
            self._report.failed[name] = str(error)
        except (ClientError, BotoCoreError) as error:
            # Glue may be throttled, too. One rollup's failed call must not take the report of the others with it.
            self._report.failed[name] = f"{name}: {type(error).__name__}: {error}"

    def _is_late(self) -> bool:
        return self._remaining_ms() < LEAST_MS

    def _waits(self, rollup: Rollup) -> bool:
        return any(name in self._report.failed or name in self._report.waiting for name in rollup.references)
