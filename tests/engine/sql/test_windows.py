"""No stored rollup reads partitions outside the window that its header declares: the engine's own plan says so."""

from datetime import date, timedelta

import pytest

from lake.partitions import Partition
from lake.relations import Rollup
from lake.sql_text import literal
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake

FIRST, LAST = date(2026, 11, 10), date(2026, 11, 12)
DAYS = [date(2026, 9, 1) + timedelta(days=i) for i in range(90)]


def planned_days(lake: TrinoLake, rollup: Rollup, first: date, last: date) -> dict[str, set[date]]:
    """The partitions of each relation that the rollup's plan reads."""
    sql = rollup.sql
    for name in rollup.parameters:  # EXPLAIN takes no parameters
        sql = sql.replace("?", literal((first if name == "first_day" else last).isoformat()), 1)
    return lake.planned_days(sql)


@pytest.mark.parametrize("name", [rollup.full_name for rollup in CATALOG.rollups])
def test_the_plan_reads_the_declared_days_and_no_others(lake: TrinoLake, name: str) -> None:
    rollup = CATALOG.rollup(name)
    assert rollup is not None
    first, last = (LAST, LAST) if rollup.reads_itself else (FIRST, LAST)
    for read in rollup.reads:
        if read.first is None:
            continue
        before = (read.event_type, "any") if read.event_type else ()
        nowhere = f"s3://{lake.environment.bucket}/nothing/"  # a plan asks for partitions, not for their objects
        days = [Partition((*before, day.isoformat()), nowhere) for day in DAYS]
        lake.partitions(read.relation).register(*days)
    lake.create_views_of(rollup)
    planned = planned_days(lake, rollup, first, last)
    for read in rollup.reads:
        if read.first is None or read.last is None:
            continue
        allowed = {first + timedelta(days=i) for i in range(read.first, (last - first).days + read.last + 1)}
        assert planned[read.relation], read
        assert planned[read.relation] <= allowed, read
