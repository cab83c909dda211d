"""A made-up company's bill, generated straight into the lake: as published cost events, and as CUR 2.0 files beside them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake.partitions import VERSION_PARAMETER, Partition
from lake.writer import ParquetObject
from tests.support.lake_on_trino import TrinoLake

LAST = date(2026, 11, 19)
SERVICES, USAGE_TYPES, REGIONS, RESOURCES = 24, 6, 5, 120
CUSTOMERS, CLUSTERS, ENVS = 40, 90, ("production", "staging", "development")
SORT_BY = ("resource_type", "aws_account_id", "resource_arn", "event_time")
CUR = {
    "line_item_usage_start_date": "timestamp",
    "line_item_usage_account_id": "string",
    "line_item_product_code": "string",
    "line_item_usage_type": "string",
    "line_item_line_item_type": "string",
    "line_item_resource_id": "string",
    "line_item_unblended_cost": "decimal(28,12)",
    "product_region_code": "string",
    "bill_billing_entity": "string",
    "resource_tags": "map<string,string>",
}
_MONEY, _TEXT_MAP = pa.decimal128(28, 12), pa.map_(pa.string(), pa.string())


@dataclass(frozen=True)
class Size:
    """How large the company is; lines are those of an account and day."""

    accounts: int
    days: int
    lines: int


FULL, QUICK = Size(200, 90, 300), Size(40, 90, 60)


def deliver(lake: TrinoLake, size: Size) -> int:
    """Publish every day of cost events, and the bill's own files as the table `cur`; returns how many lines there are."""
    events = lake.catalog.table("outlay.resource_events")
    _create_cur(lake)
    published, lines = [], 0
    for day in days_of(size):
        bill = _lines(day, size)
        lines += bill.num_rows
        folder = events.folder("cost", "aws.harbor", day.isoformat())
        with ParquetObject(lake.s3, lake.environment.bucket, f"{folder}0000.parquet", events, SORT_BY) as target:
            target.write(_as_events(bill, events.arrow_schema))
        parameters = {VERSION_PARAMETER: "1", "outlay.rows": str(bill.num_rows)}
        location = f"s3://{lake.environment.bucket}/{folder}"
        published.append(Partition(("cost", "aws.harbor", day.isoformat()), location, parameters))
        pq.write_table(bill, body := io.BytesIO(), compression="snappy", row_group_size=100_000)
        key = f"cur/billing_period={day:%Y-%m}/{day}.snappy.parquet"
        lake.s3.put_object(Bucket=lake.environment.bucket, Key=key, Body=body.getvalue())
    lake.partitions("outlay.resource_events").publish(*published)
    return lines


def days_of(size: Size) -> Iterator[date]:
    """The days of the bill, in order."""
    return (LAST - timedelta(days=number) for number in range(size.days - 1, -1, -1))


def _lines(day: date, size: Size) -> pa.Table:
    """A day of the bill in CUR's columns; the same day always has the same lines."""
    chosen = np.random.default_rng(day.toordinal())
    rows = size.accounts * size.lines
    account = np.repeat(np.arange(size.accounts), size.lines)
    resource = account * RESOURCES + chosen.integers(0, RESOURCES, rows)
    service, usage_type = resource % SERVICES, resource % USAGE_TYPES
    cents = chosen.integers(1, 9_999_999, rows)
    start = np.datetime64(day, "ms") + (chosen.integers(0, 24, rows) * 3_600_000).astype("timedelta64[ms]")
    kind = np.where(chosen.random(rows) < 0.98, "Usage", np.where(chosen.random(rows) < 0.5, "Tax", "Credit"))
    return pa.table(
        {
            "line_item_usage_start_date": pa.array(start),
            "line_item_usage_account_id": _named(account, "{:012d}", size.accounts),
            "line_item_product_code": _named(service, "Service{:02d}", SERVICES),
            "line_item_usage_type": _named(service * USAGE_TYPES + usage_type, "Usage:{:04d}", SERVICES * USAGE_TYPES),
            "line_item_line_item_type": pa.array(kind),
            "line_item_resource_id": _named(resource, "arn:aws:ec2:eu-west-1:1:instance/i-{:x}", size.accounts * RESOURCES),
            "line_item_unblended_cost": pa.array([f"{value / 1e6:.12f}" for value in cents.tolist()]).cast(_MONEY),
            "product_region_code": _named(resource % REGIONS, "region-{}", REGIONS),
            "bill_billing_entity": pa.repeat("AWS", rows),
            "resource_tags": _tags(resource),
        }
    )


def _named(numbers: Any, pattern: str, count: int) -> pa.Array:
    return pa.array([pattern.format(number) for number in range(count)]).take(pa.array(numbers))


def _tags(resource: Any) -> pa.Array:
    """Three tags a resource; one of seven resources has none."""
    tags = [
        []
        if number % 7 == 0
        else [
            ("user_customer", f"customer-{number % CUSTOMERS}"),
            ("user_cluster", f"cluster-{number % CLUSTERS}"),
            ("user_env", ENVS[number % len(ENVS)]),
        ]
        for number in range(int(resource.max()) + 1)
    ]
    return pa.array(tags, _TEXT_MAP).take(pa.array(resource))


def _as_events(bill: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same lines as the bills collector publishes them."""
    rows, money = bill.num_rows, bill["line_item_unblended_cost"]
    tags = bill["resource_tags"].combine_chunks()
    columns = {
        "event_id": pa.array([f"{number:036d}" for number in range(rows)]),
        "event_time": bill["line_item_usage_start_date"],
        "ingested_at": bill["line_item_usage_start_date"],
        "aws_account_id": bill["line_item_usage_account_id"],
        "aws_region": bill["product_region_code"],
        "resource_arn": bill["line_item_resource_id"],
        "resource_id": bill["line_item_resource_id"],
        "resource_type": pa.repeat("ec2:instance", rows),
        "event_action": _lower(bill["line_item_line_item_type"]),
        "value": money,
        "amortized_cost_usd": money,
        "net_cost_usd": money,
        "unit": pa.repeat("USD", rows),
        "provider": bill["bill_billing_entity"],
        "service": bill["line_item_product_code"],
        "usage_type": bill["line_item_usage_type"],
        "charge_category": _lower(bill["line_item_line_item_type"]),
        "tags": tags,
        **{group: _tag(tags, f"user_{group}") for group in ("customer", "cluster", "env")},
    }
    arrays = [columns[name] if name in columns else pa.nulls(rows, schema.field(name).type) for name in schema.names]
    return pa.table(dict(zip(schema.names, arrays, strict=True))).cast(schema)


def _lower(values: pa.ChunkedArray) -> pa.Array:
    return pa.compute.utf8_lower(values)


def _tag(tags: pa.MapArray, key: str) -> pa.Array:
    return pa.compute.map_lookup(tags, pa.scalar(key), "first")


def _create_cur(lake: TrinoLake) -> None:
    """The bill as a person would lay a table over its files: a partition a billing period."""
    events = lake.catalog.table("outlay.resource_events")
    location = f"s3://{lake.environment.bucket}/cur/"
    storage = {**events.storage(location), "Columns": [{"Name": name, "Type": kind} for name, kind in CUR.items()]}
    database = lake.environment.database("outlay")
    keys = [{"Name": "billing_period", "Type": "string"}]
    lake.glue.create_table(
        DatabaseName=database,
        TableInput={"Name": "cur", "TableType": "EXTERNAL_TABLE", "PartitionKeys": keys, "StorageDescriptor": storage},  # type: ignore[typeddict-item]
    )
    for period in sorted({f"{day:%Y-%m}" for day in days_of(FULL)}):
        place = {**storage, "Location": f"{location}billing_period={period}/"}
        lake.glue.create_partition(
            DatabaseName=database,
            TableName="cur",
            PartitionInput={"Values": [period], "StorageDescriptor": place},  # type: ignore[typeddict-item]
        )
