"""One delivery from its files to published days: at once, or data file by data file over several runs where it is large.

Nothing is visible before all of it was read and checked. Of a large one each data file is written as one object a day into
the folders of a publication that no partition points at yet, and noted (collectors.bills.under_way); the run that reads the
last one points the partitions at them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from collectors.bills.days import DaySpools
from collectors.bills.deliveries import Delivery
from collectors.bills.doubled import overlap
from collectors.bills.manifests import data_files
from collectors.bills.publishing import (
    DEPENDENCIES,
    REPEATED,
    SUPERSEDED_BY,
    Publication,
    Published,
    point,
    publish,
    publish_empty,
    write_days,
)
from collectors.bills.reading import NoTimeError, Reader, refuse_overtaken
from collectors.bills.under_way import PartRead, UnderWay
from collectors.bills.values import BillPlace
from collectors.bills.versions import Dependencies, version_of
from lake.lake import Lake

MOST_LINES = 150_000_000
"""Of one delivery: 8 bytes of each are held in memory, and so many take most of a day of hourly runs."""

PART_MS = 240_000
"""No further data file of a large delivery is begun with less time left than this."""


@dataclass(frozen=True)
class Ended:
    """What a delivery came to: the version that is published, its rows, and the older files that it holds."""

    version: str
    rows: int
    holds: tuple[Delivery, ...] = ()


@dataclass(frozen=True)
class Whole:
    """Publishes deliveries of one run. remaining_ms is what the function has left."""

    lake: Lake
    published: Published
    under_way: UnderWay
    remaining_ms: Callable[[], int]

    def publish(self, delivery: Delivery, others: Iterable[Delivery]) -> Ended:
        """Read a delivery as a whole and publish it; or leave its charges out, where one of the other files holds them."""
        lake, reader = self.lake, Reader(self.lake, delivery, self.remaining_ms)
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            spools = DaySpools(Path(folder))
            for key in data_files(lake.s3, delivery):
                reader.read_file(key, spools)
            reader.check(spools)
            refuse_overtaken(lake, delivery)
            what = reader.what
            carried = Dependencies(what.accounts, what.currencies)
            version = version_of(delivery, lake.configuration, carried)
            files = [one for one in others if one.folder is None] if what.sketches.by_day else []
            compared = overlap(delivery, what.sketches.by_day, files, self.published)
            if compared.held_by:
                mark = self.mark(compared.held_by)
                self._leave_out(delivery, version, carried, mark, min(spools.rows))
                return Ended(version, 0)
            # First, so that no charge counts twice. A run that is killed in between has left out what no published file
            # holds: the next one sees that, and reads all of them anew.
            for older in compared.holds:
                own = Dependencies.from_text(self.published.parameter(older.collector, DEPENDENCIES))
                self._leave_out(older, version_of(older, lake.configuration, own), own, f"{delivery.collector} {version}")
            firsts = _firsts(carried, what.repeated)
            wanted = Publication(delivery.collector, delivery.place, version, firsts=firsts, sketches=what.sketches.by_day)
            publish(lake, wanted, spools, self.published)
            return Ended(version, spools.rows.total(), compared.holds)

    def publish_in_parts(self, delivery: Delivery, state: str) -> Ended:
        """Read what is left of a large delivery while there is time, and publish it with the last data file.

        Raises NoTimeError where some are left; what was read by then is kept for the next run.
        """
        lake, collector = self.lake, delivery.collector
        reader = Reader(lake, delivery, self.remaining_ms)
        reader.identities.taken()
        name = self.under_way.publication(collector, state)
        done = set(self.under_way.parts(collector, state, name))
        rows: Counter[date] = Counter()
        accounts: set[str] = set()
        currencies: set[str] = set()
        repeated: str | None = None
        for number, key in enumerate(data_files(lake.s3, delivery)):
            if number in done:
                part = self.under_way.part(collector, state, name, number)
                reader.identities.remember(part.identities)
            else:
                part = self._read_part(reader, delivery, name, number, key)
                self.under_way.keep(collector, state, name, number, part)
            rows.update(part.rows)
            repeated = repeated or part.repeated
            if rows.total() > MOST_LINES:
                problem, remedy = f"has more than {MOST_LINES:,} lines", "have the bill delivered daily, not hourly"
                raise delivery.place.error(None, problem, remedy)
            accounts.update(part.accounts)
            currencies.update(part.currencies)
        refuse_overtaken(lake, delivery)
        carried = Dependencies(accounts, currencies)
        wanted = Publication(
            collector,
            delivery.place,
            version_of(delivery, lake.configuration, carried),
            firsts=_firsts(carried, repeated),
        )
        self.under_way.close(collector, state, name)
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            only_before = sorted(self.published.days(collector) - rows.keys())
            write_days(lake, collector, delivery.place, name, 0, only_before, DaySpools(Path(folder)))
        point(lake, wanted, name, sorted({*rows, *only_before}), rows.total(), self.published)
        return Ended(wanted.version, rows.total())

    def mark(self, delivery: Delivery) -> str:
        """A published state of a delivery, as the files that are left out for it name it."""
        return f"{delivery.collector} {self.published.current_version(delivery.collector)}"

    def _read_part(self, reader: Reader, delivery: Delivery, name: str, number: int, key: str) -> PartRead:
        """Read one data file and write its days."""
        if self.remaining_ms() < PART_MS:
            raise NoTimeError(BillPlace(delivery.bill.name, key))
        reader.begin_part()
        with TemporaryDirectory(prefix="outlay-bill-") as folder:
            spools = DaySpools(Path(folder))
            reader.read_file(key, spools)
            reader.check(spools)
            rows, value = dict(spools.rows), dict(spools.value)
            write_days(self.lake, delivery.collector, delivery.place, name, number, sorted(rows), spools)
        what, identities = reader.what, reader.identities.taken()
        return PartRead(rows, value, set(what.accounts), set(what.currencies), what.repeated, identities)

    def _leave_out(
        self, delivery: Delivery, version: str, carried: Dependencies, by: str, empty_day: date | None = None
    ) -> None:
        """Publish a file as empty, since the published state `by` of another holds its charges."""
        firsts = {DEPENDENCIES: carried.to_text(), SUPERSEDED_BY: by}
        wanted = Publication(delivery.collector, delivery.place, version, firsts=firsts, empty_day=empty_day)
        publish_empty(self.lake, wanted, self.published)


def _firsts(carried: Dependencies, repeated: str | None) -> dict[str, str]:
    """What the first partition of a delivery says of all of it."""
    return {DEPENDENCIES: carried.to_text(), **({REPEATED: repeated} if repeated else {})}
