"""EC2's XML to one Parquet object: the collectors' way against stock boto3, a dict a row and pyarrow's from_pylist.

Both sides page through the same answers with botocore, shape them with the collector's to_event and write the same rows.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measuring import medians, verdict
from benchmarks.plain import row_of
from collectors.aws import ebs_volumes, ec2_instances
from collectors.scanning.event_rows import EventRows
from collectors.scanning.events import Origin
from collectors.scanning.member_role import MemberAccess
from collectors.scanning.part import SORT_BY
from collectors.scanning.scan import SPOOLED_ROWS
from collectors.scanning.scope import Unit
from infra.catalog_parser import parse_catalog
from lake.configuration import Account
from lake.writer import ParquetObject
from tests.support.company import GROUPING, SLOT, SQL, Company

ROWS = 5_000
REGION = "us-east-1"
TABLE = parse_catalog(SQL).table("outlay.resource_events")
ACCOUNT = Account("0" * 12, "Account")
COLLECTORS: dict[str, tuple[Any, str]] = {
    "instances": (ec2_instances, "describe_instances"),
    "volumes": (ebs_volumes, "describe_volumes"),
}


def main() -> None:
    """Print the ratio for `instances` (the default) or `volumes`."""
    what = sys.argv[1] if len(sys.argv) > 1 else "instances"
    module, operation = COLLECTORS[what]
    origin = Origin(what, "config", SLOT, Unit(ACCOUNT, REGION))
    with Company(1, (REGION,), ROWS).network(keep_objects=True, keep_answers=True) as network:
        session = MemberAccess(ACCOUNT.account_id, "KEY" + ACCOUNT.account_id, "secret", "token").session()
        s3 = boto3.client("s3")

        def ours() -> None:
            gathered = EventRows(TABLE, GROUPING, origin, module.COLLECTOR)
            with ParquetObject(s3, "lake", "ours.parquet", TABLE, SORT_BY) as target:
                for event in module.scan(session, origin):
                    gathered.append(event)
                    if len(gathered) >= SPOOLED_ROWS:
                        target.write(gathered.table())
                target.write(gathered.table())

        def stock() -> None:
            pages = (
                session.client("ec2", region_name=REGION)
                .get_paginator(operation)
                .paginate(PaginationConfig={"PageSize": 1000})
            )
            records = [record for page in pages for record in _records(page)]
            rows = [row_of(module.to_event(raw, ACCOUNT.account_id, REGION), origin, GROUPING) for raw in records]
            table = pa.Table.from_pylist(rows, schema=TABLE.arrow_schema)
            pq.write_table(table, sink := io.BytesIO(), compression="zstd")
            s3.put_object(Bucket="lake", Key="stock.parquet", Body=sink.getvalue())

        taken = medians(5, ours=ours, stock=stock)
        mine, plain = (_rows(network.objects, name) for name in ("ours", "stock"))
    if mine != plain:
        raise SystemExit("the two sides wrote different rows: the comparison is void")
    for name, seconds in taken.items():
        print(f"{name}: {ROWS / seconds:,.0f} {what} a CPU second")
    verdict(f"EC2 {what}, XML to Parquet, against stock boto3 and from_pylist", taken["stock"] / taken["ours"], 8)


def _records(page: dict[str, Any]) -> list[Any]:
    return page.get("Volumes") or [raw for reservation in page["Reservations"] for raw in reservation["Instances"]]


def _rows(objects: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    body = next(body for path, body in objects.items() if path.endswith(f"{name}.parquet"))
    return sorted(pq.read_table(io.BytesIO(body)).to_pylist(), key=lambda row: str(row["event_id"]))


if __name__ == "__main__":
    main()
