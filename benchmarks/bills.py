"""A CUR 2.0 delivery to published cost events: 100,000 line items against 1,000,000, in rows a second and memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.folder_s3 import EmptyGlue, FolderS3
from benchmarks.measuring import verdict
from collectors.bills.run import collect_bills
from infra.catalog_parser import parse_catalog
from lake.configuration import Account, Bill, Configuration, Notifications
from lake.environment import Environment
from lake.lake import Lake
from tests.support.company import GROUPING, SLOT, SQL
from tests.support.processes import child, cpu_s, peak_mb

SIZES = (100_000, 1_000_000)
FILE_ROWS = 100_000
DAYS = 30
RESOURCES = 5_000
FOLDER = "bills/aws/export/data/BILLING_PERIOD=2026-11/"
MANIFEST = "bills/aws/export/metadata/BILLING_PERIOD=2026-11/export-Manifest.json"
MAKE, COLLECT = "--make", "--collect"


def main() -> None:
    """Print rows a CPU second, peak memory, and the ratio of peak memories."""
    found = []
    for size in SIZES:
        # Made by one process and collected by another, so that the making is not measured.
        with TemporaryDirectory(prefix="outlay-benchmark-") as folder:
            child("benchmarks.bills", MAKE, size, folder)
            found.append(child("benchmarks.bills", COLLECT, folder, POWERTOOLS_LOG_LEVEL="ERROR"))
        print(f"{size:,} line items: {size / found[-1]['cpu_s']:,.0f} rows a CPU second, peak {found[-1]['peak_mb']:.0f} MB")
        if found[-1]["events"] != size:
            raise SystemExit(f"{found[-1]['events']} events came of {size} line items: {found[-1]['failures']}")
    small, large = found
    print(f"CPU a row, large against small: {large['cpu_s'] / 10 / small['cpu_s']:.2f} (linear: 1)")
    verdict("CUR 2.0, rows a CPU second of 1,000,000", SIZES[1] / large["cpu_s"], 90_000)
    verdict("CUR 2.0, peak memory of 1,000,000 in MB", large["peak_mb"], 400, at_most=True)
    verdict("CUR 2.0, peak memory of 1,000,000 against 100,000", large["peak_mb"] / small["peak_mb"], 1.1, at_most=True)


def make(size: int, s3: FolderS3) -> None:
    """Deliver a bill of so many line items."""
    files = [f"{FOLDER}export-{number:05d}.snappy.parquet" for number in range(size // FILE_ROWS)]
    for number, key in enumerate(files):
        pq.write_table(lines(number * FILE_ROWS, FILE_ROWS, size), s3.path(key), row_group_size=20_000)
    s3.put_object(Key=MANIFEST, Body=json.dumps({"dataFiles": [f"s3://bills/{key}" for key in files]}).encode())


def collect(s3: FolderS3) -> dict[str, Any]:
    """Collect what was delivered, in this process."""
    accounts = tuple(Account(f"{n:012d}", f"Account {n}", "production", ("us-east-1",)) for n in range(20))
    bill = Bill("aws", "cur2", "bills/aws/")
    configuration = Configuration(accounts, GROUPING, (bill,), (), Notifications("#costs"))
    lake = Lake(s3, EmptyGlue(), Environment("lake", "outlay"), parse_catalog(SQL), configuration)  # type: ignore[arg-type]
    started = cpu_s()
    done = collect_bills(lake, SLOT, lambda: 900_000)
    used = cpu_s() - started
    return {"events": sum(done.published.values()), "failures": done.failures, "cpu_s": used, "peak_mb": peak_mb()}


def lines(first: int, count: int, of: int) -> pa.Table:
    """Line items number first to first + count of a bill of `of`: a month of hourly usage, six tags."""
    number = np.arange(first, first + count)
    day, hour, resource = number * DAYS // of, number % 24, number % RESOURCES
    start = np.datetime64("2026-11-01", "ms") + (day * 24 + hour).astype("timedelta64[h]").astype("timedelta64[ms]")
    interval = pa.array(start).cast(pa.timestamp("s")).cast(pa.string())
    types = pa.array(np.array(["BoxUsage:m7g.large", "EBS:VolumeUsage.gp3", "DataTransfer-Out-Bytes"])[number % 3])
    return pa.table(
        {
            "identity_line_item_id": pa.array([f"{value:052x}" for value in number]),
            "identity_time_interval": interval,
            "bill_billing_entity": pa.repeat("AWS", count),
            "line_item_currency_code": pa.repeat("USD", count),
            "line_item_line_item_type": pa.repeat("Usage", count),
            "line_item_line_item_description": pa.repeat("$0.0816 per On Demand Linux m7g.large Instance Hour", count),
            "line_item_product_code": pa.repeat("AmazonEC2", count),
            "line_item_operation": pa.repeat("RunInstances", count),
            "line_item_usage_account_id": pa.array([f"{value % 20:012d}" for value in resource]),
            "line_item_resource_id": pa.array([f"i-{value:017x}" for value in resource]),
            "line_item_usage_type": types,
            "line_item_usage_start_date": pa.array(start),
            "line_item_usage_amount": pa.array(np.ones(count)),
            "line_item_unblended_cost": pa.array((number % 997) / 1000),
            "pricing_unit": pa.repeat("Hrs", count),
            "product_region_code": pa.repeat("us-east-1", count),
            "resource_tags": _tags(resource),
        }
    )


def _tags(resource: Any) -> pa.Array:
    keys = ["user_name", "user_customer", "user_env", "user_team", "user_cost_center", "user_managed_by"]
    values = [[f"node-{r}", f"customer-{r % 60}", "prod", f"team-{r % 12}", f"{r % 9}", "terraform"] for r in resource]
    offsets = np.arange(0, 6 * len(values) + 1, 6, dtype=np.int32)
    flat = pa.array([value for row in values for value in row])
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array(keys * len(values)), flat)


if __name__ == "__main__":
    if sys.argv[1:2] == [MAKE]:
        make(int(sys.argv[2]), FolderS3(Path(sys.argv[3])))
        print("null")
    elif sys.argv[1:2] == [COLLECT]:
        print(json.dumps(collect(FolderS3(Path(sys.argv[2])))))
    else:
        main()
