"""Write, audit, publish: one rollup's stale days, built in Athena, checked there, and published partition by partition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from lake.athena import Athena
from lake.lake import Lake
from lake.partitions import VERSION_PARAMETER, Partition
from lake.relations import Rollup
from lake.sql_text import literal
from lake.times import days_between
from rollups.audit import audit
from rollups.build_ids import BUILD_PARAMETER, REPLACED_PARAMETER, new_build
from rollups.sources import SourceVersions
from rollups.staleness import Sources, Version, candidate_days, fingerprint, stale_ranges, stands


@dataclass
class Built:
    """What a run did for one rollup. scanned_bytes counts the builds' queries, not their audits."""

    rollup: str
    days: list[date] = field(default_factory=list)
    scanned_bytes: int = 0


class Builder:
    """Builds rollups in the order in which they are given, each from what was published before."""

    def __init__(self, lake: Lake, athena: Athena, sources: SourceVersions) -> None:
        self._lake, self._athena, self._sources, self._catalog = lake, athena, sources, lake.catalog

    def build_stale_days(self, rollup: Rollup, slot: datetime) -> Iterator[Built]:
        """Build and publish each range of stale days, yielding after each, so that a caller short of time can stop between.

        Raises AuditError where a build fails its checks (it stays unpublished), QueryError where Athena fails.
        """
        sources = self._sources.of(rollup)
        own = self._sources.published(rollup.full_name)
        days = candidate_days(rollup, sources, own)

        def is_stale(day: date) -> bool:
            published = own.get(day)
            if published is None:
                return True
            return published.made_from != fingerprint(rollup, day, sources, own) and not stands(day, sources)

        if rollup.reads_itself:
            for day in days:  # each day's sources include the day before, which may just have been built
                if is_stale(day):
                    yield self._build(rollup, slot, day, day, sources, own)
            return
        for first_day, last_day in stale_ranges(days, is_stale):
            yield self._build(rollup, slot, first_day, last_day, sources, own)

    def _build(
        self, rollup: Rollup, slot: datetime, first_day: date, last_day: date, sources: Sources, own: dict[date, Version]
    ) -> Built:
        table, builds = self._catalog.table(rollup.full_name), self._catalog.builds_table(rollup)
        build = new_build(slot)
        target = self._lake.location(builds.folder(build))
        parameters = [literal((first_day if name == "first_day" else last_day).isoformat()) for name in rollup.parameters]
        days = days_between(first_day, last_day)
        locations = {day: f"{target}{table.day_column}={day.isoformat()}/" for day in days}
        # The partitions are registered before they are written, so that what a killed run leaves can be found and removed.
        self._lake.partitions(builds).register(
            *(Partition((build, day.isoformat()), location) for day, location in locations.items())
        )
        done = self._athena.within(rollup.database).unload(rollup.sql, target, table.day_column or "", parameters)
        audit(self._lake, self._athena, rollup, build, first_day, last_day)
        self._mark_replaced(rollup, slot, first_day, last_day)
        versions = {day: Version(fingerprint(rollup, day, sources, own), slot.date()) for day in days}
        self._lake.partitions(table).publish(
            *(
                Partition((day.isoformat(),), locations[day], {VERSION_PARAMETER: version.made_from, BUILD_PARAMETER: build})
                for day, version in versions.items()
            )
        )
        own.update(versions)
        return Built(rollup.full_name, days, done.scanned_bytes)

    def _mark_replaced(self, rollup: Rollup, slot: datetime, first_day: date, last_day: date) -> None:
        """Note on the builds that are published now when they stop being so: readers may hold them for a while yet.

        Mark before publishing. If we die in between, a live build is marked replaced, which is harmless; the other order
        leaves one that looks rejected.
        """
        table = self._catalog.table(rollup.full_name)
        day = table.day_column
        current = self._lake.partitions(table).all(f"{day} >= '{first_day}' AND {day} <= '{last_day}'")
        replaced = [
            Partition(
                (found.parameters[BUILD_PARAMETER], *found.values), found.location, {REPLACED_PARAMETER: slot.isoformat()}
            )
            for found in current
            if BUILD_PARAMETER in found.parameters
        ]
        self._lake.partitions(self._catalog.builds_table(rollup)).publish(*replaced)
