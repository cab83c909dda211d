"""Write, audit, publish: one rollup's stale days, built in Athena, checked there, and published partition by partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from lake.athena import Athena
from lake.lake import Lake
from lake.partitions import VERSION_PARAMETER, Partition
from lake.relations import Rollup, Table
from lake.sql_text import literal
from lake.times import days_between
from rollups.audit import audit
from rollups.build_ids import BUILD_PARAMETER, CONTENT_PARAMETER, REPLACED_PARAMETER, new_build
from rollups.sources import SourceVersions
from rollups.staleness import Sources, Version, Versions, candidate_days, fingerprint, stale_ranges, stands


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
        contents = audit(self._lake, self._athena, rollup, build, first_day, last_day)
        made_from = {day: fingerprint(rollup, day, sources, own) for day in days}
        own.update(self._publish(rollup, slot, build, locations, contents, made_from, own))
        return Built(rollup.full_name, days, done.scanned_bytes)

    def _publish(
        self,
        rollup: Rollup,
        slot: datetime,
        build: str,
        locations: Mapping[date, str],
        contents: Mapping[date, str],
        made_from: Mapping[date, str],
        own: Versions,
    ) -> dict[date, Version]:
        """Point the days that came out different at the build; note on the others what they would be made from now.

        Mark before publishing. If we die in between, a live build is marked replaced, which is harmless; the other order
        leaves one that looks rejected.
        """
        table = self._catalog.table(rollup.full_name)
        current = self._current(table, min(locations), max(locations))
        # What is published may have expired: equal rows must then be published anew, or the day stays empty.
        kept_since = self._sources.kept_since(table, None) or date.min
        lasting = {day for day in locations if day in current and day in own and own[day].written >= kept_since}
        same = {day for day in lasting if own[day].content == contents[day]}
        replaced = [
            Partition((found.parameters[BUILD_PARAMETER], *found.values), found.location)
            for day, found in current.items()
            if BUILD_PARAMETER in found.parameters and day not in same
        ]
        replaced += [Partition((build, day.isoformat()), locations[day]) for day in sorted(same)]
        stamp = {REPLACED_PARAMETER: slot.isoformat()}
        self._lake.partitions(self._catalog.builds_table(rollup)).publish(
            *(replace(one, parameters=stamp) for one in replaced)
        )
        published = []
        for day, location in locations.items():
            parameters = {BUILD_PARAMETER: build, CONTENT_PARAMETER: contents[day]}
            if day in same:
                location, parameters = current[day].location, dict(current[day].parameters)
            published.append(Partition((day.isoformat(),), location, {**parameters, VERSION_PARAMETER: made_from[day]}))
        self._lake.partitions(table).publish(*published)
        return {
            day: Version(made_from[day], own[day].written if day in same else slot.date(), contents[day])
            for day in locations
        }

    def _current(self, table: Table, first_day: date, last_day: date) -> dict[date, Partition]:
        """What is published now of some days."""
        found = self._lake.partitions(table).all(
            f"{table.day_column} >= '{first_day}' AND {table.day_column} <= '{last_day}'"
        )
        return {date.fromisoformat(partition.values[-1]): partition for partition in found}
