"""Small bills as AWS delivers them, and what a reader of the lake sees of them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from collectors.bills.run import BillRun, collect_bills
from lake.configuration import GROUPS, Bill
from lake.lake import Lake
from lake.partitions import Partitions

SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
CUR = Bill("aws", "cur2", "bills/aws/")
FOCUS = Bill("azure", "focus", "bills/azure/")
GROUPING = {group: () for group in GROUPS} | {"customer": ("Customer", "tenant"), "env": ("environment", "env")}
TEXT_MAP = pa.map_(pa.string(), pa.string())
NUMBERS = count(1)

DOUBLES = (
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "line_item_net_unblended_cost",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)
TEXTS = (
    "identity_line_item_id",
    "identity_time_interval",
    "bill_billing_entity",
    "line_item_currency_code",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_id",
    "line_item_usage_type",
    "pricing_term",
    "pricing_unit",
    "product_region_code",
    "reservation_reservation_a_r_n",
)
CUR_SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [(name, pa.float64()) for name in DOUBLES]
    + [(f"line_item_usage_{end}_date", pa.timestamp("ms")) for end in ("start", "end")]
    + [(name, TEXT_MAP) for name in ("resource_tags", "product", "cost_category")]
    + [("discount", pa.map_(pa.string(), pa.float64())), ("column_of_tomorrow", pa.int64())]
)

FOCUS_ROW = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.25",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-11-02T03:00:00Z",
    "ProviderName": "Microsoft",
    "ServiceName": "Storage",
    "SubAccountId": "0123",
    "Tags": '{"env": "prod"}',
}


def line(day: int = 1, cost: float = 1.0, month: int = 11, **columns: Any) -> dict[str, Any]:
    """One line item of an instance for an hour of a day, with an id of its own."""
    start = datetime(2026, month, day, 5)  # noqa: DTZ001
    end = start + timedelta(hours=1)
    return {
        "identity_line_item_id": f"line{next(NUMBERS)}",
        "identity_time_interval": f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}",
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": end,
        "line_item_currency_code": "USD",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonEC2",
        "line_item_usage_account_id": "111111111111",
        "line_item_usage_type": "BoxUsage:m7g.large",
        "line_item_resource_id": "i-0123456789abcdef0",
        "line_item_unblended_cost": cost,
        "product_region_code": "eu-west-1",
        "resource_tags": [("user_customer", "acme"), ("user_name", "web-1")],
        **columns,
    }


def cur_table(lines: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Line items in CUR 2.0's types."""
    return pa.Table.from_pylist(list(lines), CUR_SCHEMA)


def parquet(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy")
    return sink.getvalue()


def csv_bytes(*rows: Mapping[str, str]) -> bytes:
    """FOCUS rows as CSV, every value quoted."""
    quoted = [[f'"{cell}"' for cell in rows[0]]]
    quoted += [['"' + cell.replace('"', '""') + '"' for cell in row.values()] for row in rows]
    return "\n".join(",".join(cells) for cells in quoted).encode() + b"\n"


class Export:
    """A Data Export that delivers to a lake's bucket. keeps_all: create new reports, in place of overwriting."""

    def __init__(self, lake: Lake, bill: Bill = CUR, keeps_all: bool = False, name: str = "harbor") -> None:
        self._lake, self._bill, self._keeps_all, self._name = lake, bill, keeps_all, name
        self._executions = count(1)

    def deliver(
        self, *tables: pa.Table, month: int = 11, year: int = 2026, with_manifest: bool = True, **manifest: Any
    ) -> str:
        """Put a data file for each table, then the manifest (with some fields changed); returns the manifest's key."""
        execution = f"{next(self._executions):020d}"
        period = f"BILLING_PERIOD={year}-{month:02d}/" + (
            f"2026-11-20T09:00:00.000Z-{execution}/" if self._keeps_all else ""
        )
        root, name = f"{self._bill.prefix}{self._name}/", self._name
        keys = [f"{root}data/{period}{name}-{number:05d}.snappy.parquet" for number in range(1, len(tables) + 1)]
        for key, table in zip(keys, tables, strict=True):
            self.put(key, parquet(table))
        content = {
            "executionId": execution,
            "dataFiles": [f"s3://elsewhere/{key}" for key in keys],
            "columns": [],
        } | manifest
        manifest_key = f"{root}metadata/{period}{name}-Manifest.json"
        if with_manifest:
            self.put(manifest_key, json.dumps(content).encode())
        return manifest_key

    def put(self, key: str, body: bytes) -> None:
        self._lake.s3.put_object(Bucket=self._lake.environment.bucket, Key=key, Body=body)


def with_bills(lake: Lake, *bills: Bill, **changes: Any) -> Lake:
    """The lake, configured with bills."""
    return replace(lake, configuration=replace(lake.configuration, bills=bills, grouping=GROUPING, **changes))


def put(lake: Lake, key: str, body: bytes) -> None:
    """Put an object into the lake's bucket."""
    lake.s3.put_object(Bucket=lake.environment.bucket, Key=key, Body=body)


def remove(lake: Lake, prefix: str) -> None:
    """Delete the objects of the lake's bucket whose keys begin so."""
    for key in objects_under(lake, prefix):
        lake.s3.delete_object(Bucket=lake.environment.bucket, Key=key)


def objects_under(lake: Lake, prefix: str) -> dict[str, bytes]:
    """Every object of the lake's bucket whose key begins so, by key."""
    bucket = lake.environment.bucket
    found = lake.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {one["Key"]: lake.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}


def let_pass(lake: Lake, time: timedelta, under: str = "") -> None:
    """Let so much time pass since the objects of the lake's bucket whose keys begin so were put there."""
    for key, stored in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[lake.environment.bucket].keys.items():
        if key.startswith(under):
            stored.last_modified -= time


def failing(client: Any, operation: str, error: Exception) -> Any:
    """The client, with one operation that fails."""

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return raising if name == operation else getattr(client, name)

    def raising(*_: Any, **__: Any) -> Any:
        raise error

    return Failing()


def s3_error(code: str) -> ClientError:
    """AWS's answer with an error code."""
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")


def run(lake: Lake, remaining_ms: int = 900_000) -> BillRun:
    """One hourly run."""
    return collect_bills(lake, SLOT, lambda: remaining_ms)


def seen(lake: Lake) -> pa.Table:
    """All cost events that a query sees: the objects where the published partitions point."""
    table, tables = lake.catalog.table("outlay.resource_events"), []
    for partition in Partitions(lake.glue, lake.environment.database("outlay"), table).all():
        bucket, _, prefix = partition.location.removeprefix("s3://").partition("/")
        for found in lake.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            body = lake.s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            one = pq.read_table(io.BytesIO(body))
            days = pa.nulls(len(one), pa.string()).fill_null(partition.values[2])
            tables.append(one.append_column("event_date", days))
    return pa.concat_tables(tables) if tables else table.arrow_schema.empty_table()


def total(events: pa.Table, column: str = "value") -> Decimal:
    """Exact sum of a money column."""
    return pc.sum(events[column]).as_py() or Decimal(0)
