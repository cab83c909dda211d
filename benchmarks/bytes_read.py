"""Bytes that Athena must read for the rollup of costs, of one day and of 30, against one snappy file a place and hour.

Both layouts hold the same cost events of a made-up company: 10 accounts, 4 regions, 15 resources in each, every hour.
Needed are the footers, and the column chunks that cost_hourly.sql names; they are taken from the files' own footers.
"""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measuring import verdict
from collectors.scanning.part import SORT_BY
from infra.catalog_parser import parse_catalog
from lake.writer import ParquetObject
from tests.support.company import SQL

ACCOUNTS, REGIONS, RESOURCES, DAYS, HOURS = 10, 4, 15, 30, 24
CATALOG = parse_catalog(SQL)
TABLE = CATALOG.table("outlay.resource_events")


def main() -> None:
    """Print the larger of the two ratios."""
    needed = columns_of("cost_hourly")
    print(f"cost_hourly reads {len(needed)} of {len(TABLE.columns)} columns")
    ours, naive = [], []
    for day in range(DAYS):
        events = events_of(day)
        ours.append(as_collected(events, needed))
        naive.append(file_a_place_and_hour(events, needed))
    ratios = []
    for name, mine, theirs in (("1 day", ours[0], naive[0]), ("30 days", sum(ours), sum(naive))):
        ratios.append(mine / theirs)
        print(f"{name}: {mine:,} bytes against {theirs:,}: {ratios[-1]:.4f}")
    verdict("bytes needed against a snappy file an account, region, collector and hour", max(ratios), 0.03, at_most=True)


def columns_of(rollup_name: str) -> set[str]:
    """Columns of resource_events that a rollup's SQL names."""
    rollup = CATALOG.rollup(rollup_name)
    assert rollup is not None
    words = set(re.findall(r"\w+", rollup.sql))
    return {column.name for column in TABLE.columns if column.name in words}


def events_of(day: int) -> pa.Table:
    """The cost events of a day, as charges come: hour by hour."""
    places = ACCOUNTS * REGIONS
    hour, place, number = (part.ravel() for part in np.indices((HOURS, places, RESOURCES)))
    account, region, rows = place // REGIONS, place % REGIONS, len(hour)
    resource = place * RESOURCES + number
    start = np.datetime64("2026-11-01", "ms") + ((day * HOURS + hour) * 3_600_000).astype("timedelta64[ms]")
    cost = [f"{((r * 7919 + h * 104729 + day * 31) % 99991) / 1e5:.12f}" for r, h in zip(resource, hour, strict=True)]
    ids = [f"i-{r:017x}" for r in resource]
    money = pa.array(cost).cast(pa.decimal128(28, 12))
    columns: dict[str, Any] = {
        "event_id": [
            f"{day:08x}-{h:04x}-5000-8000-{r * 2654435761 % 2**48:012x}" for r, h in zip(resource, hour, strict=True)
        ],
        "event_time": pa.array(start),
        "ingested_at": pa.repeat(pa.scalar(np.datetime64("2026-12-01", "ms")), rows),
        "aws_account_id": [f"{a:012d}" for a in account],
        "aws_region": [f"region-{r}" for r in region],
        "resource_arn": [
            f"arn:aws:ec2:region-{r}:{a:012d}:instance/{i}" for r, a, i in zip(region, account, ids, strict=True)
        ],
        "resource_type": ["ec2:instance" if n % 3 else "ebs:volume" for n in number],
        "resource_id": ids,
        "event_action": pa.repeat("usage", rows),
        "customer": [f"customer-{r % 60}" for r in resource],
        "env": [("prod", "staging", "dev")[r % 3] for r in resource],
        "value": money,
        "unit": pa.repeat("USD", rows),
        "properties": pa.array([[("operation", "RunInstances"), ("pricing_unit", "Hrs")]] * rows, _TEXT_MAP),
        "tags": pa.array(
            [[("Name", f"node-{r}"), ("team", f"team-{r % 12}"), ("managed-by", "tf")] for r in resource], _TEXT_MAP
        ),
        "provider": pa.repeat("AWS", rows),
        "service": pa.repeat("AmazonEC2", rows),
        "usage_type": [("BoxUsage:m7g.large", "EBS:VolumeUsage.gp3", "DataTransfer-Out-Bytes")[n % 3] for n in number],
        "charge_category": pa.repeat("usage", rows),
        "amortized_cost_usd": money,
        "net_cost_usd": money,
    }
    schema = TABLE.arrow_schema
    return pa.Table.from_arrays([_array(columns.get(field.name), field.type, rows) for field in schema], schema=schema)


def as_collected(events: pa.Table, needed: set[str]) -> int:
    """Bytes needed of the day's object, as the bills write it."""
    kept = _KeptFile()
    with ParquetObject(kept, "lake", "day.parquet", TABLE, SORT_BY) as target:  # type: ignore[arg-type]
        target.write(events)
    return needed_bytes(kept.body, needed)


def file_a_place_and_hour(events: pa.Table, needed: set[str]) -> int:
    """Bytes needed of all files of the day, each written with pyarrow's defaults."""
    total = 0
    for start in range(0, events.num_rows, RESOURCES):
        pq.write_table(events.slice(start, RESOURCES), sink := io.BytesIO(), compression="snappy")
        total += needed_bytes(sink, needed)
    return total


def needed_bytes(file: io.BytesIO, needed: set[str]) -> int:
    """Footer and column chunks of the needed columns."""
    metadata = pq.ParquetFile(file).metadata
    footer = metadata.serialized_size + 8
    chunks = (
        group.column(number)
        for group in map(metadata.row_group, range(metadata.num_row_groups))
        for number in range(metadata.num_columns)
    )
    return footer + sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in needed)


class _KeptFile:
    """Takes what ParquetObject uploads."""

    def upload_file(self, path: str, _bucket: str, _key: str) -> None:
        self.body = io.BytesIO()
        with Path(path).open("rb") as file:
            shutil.copyfileobj(file, self.body)


def _array(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


_TEXT_MAP = pa.map_(pa.string(), pa.string())

if __name__ == "__main__":
    main()
