"""How many partitions a year brings to each table: what Glue lists, and Athena plans with, grows by these and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from collectors.scanning.discovery import collectors
from lake.relations import Column, Table
from tests.support.catalog import CATALOG

DAYS = 366
BILLS = 5
"""Bills of a large company: one or two of AWS, and other providers' in FOCUS."""

MOST = {"outlay.resource_events": 20_000}
"""Bounds of tables that have more than one partition a day: fifty sources, each with its own partition every day."""

BUILDS = [CATALOG.builds_table(rollup) for rollup in CATALOG.rollups]
SOURCES = {"collector", "event_type"}


def partitions_a_year(table: Table) -> int:
    """From the table's partition columns alone. A day has one build: those that are superseded are dropped."""
    columns = {column.name for column in table.partition if column.type != "date"}
    if unknown := columns - SOURCES - {"build"}:
        raise ValueError(f"{table.full_name}: how many values has a year of {', '.join(sorted(unknown))}? Count them here")
    writers = {
        (collector.event_type, name) for name, collector in collectors().items() if collector.table == table.full_name
    }
    sources = len(writers) + BILLS if columns & SOURCES else 1
    return sources * (DAYS if table.day_column else 1)


@pytest.mark.parametrize("table", [*CATALOG.tables, *BUILDS], ids=lambda table: table.full_name)
def test_a_year_brings_few_partitions(table: Table) -> None:
    assert partitions_a_year(table) <= MOST.get(table.full_name, DAYS)


def test_a_partition_column_more_is_counted_or_asked_about() -> None:
    runs = CATALOG.table("outlay.collector_runs")
    by_source = dataclasses.replace(runs, partition=(Column("collector", "string", ""), *runs.partition))
    assert partitions_a_year(by_source) > MOST.get(runs.full_name, DAYS)
    by_account = dataclasses.replace(runs, partition=(Column("aws_account_id", "string", ""), *runs.partition))
    with pytest.raises(ValueError, match="how many values has a year of aws_account_id"):
        partitions_a_year(by_account)
