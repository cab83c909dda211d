"""Events to one Parquet object: EventRows and ParquetObject against a dict a row and awswrangler's to_parquet.

Both sides give each row its id and groups. How far awswrangler alone gets with finished rows is told as well.
"""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

import awswrangler as wr
import boto3
import pandas as pd

from benchmarks.measuring import medians, verdict
from benchmarks.plain import row_of
from collectors.aws.ebs_volumes import COLLECTOR, to_event
from collectors.scanning.event_rows import EventRows
from collectors.scanning.events import Origin
from collectors.scanning.part import SORT_BY
from collectors.scanning.scan import SPOOLED_ROWS
from collectors.scanning.scope import Unit
from infra.catalog_parser import parse_catalog
from lake.configuration import Account
from lake.writer import CODEC, CODEC_LEVEL, ParquetObject
from tests.support.company import GROUPING, SLOT, SQL
from tests.support.ec2_answers import volume
from tests.support.transport import Network, environment

ROWS = 20_000
TABLE = parse_catalog(SQL).table("outlay.resource_events")
ORIGIN = Origin("ebs_volumes", "config", SLOT, Unit(Account("0" * 12, "Account"), "us-east-1"))


def main() -> None:
    """Print the ratio."""
    events = [to_event(volume(n), "0" * 12, "us-east-1") for n in range(ROWS)]
    finished = [row_of(event, ORIGIN, GROUPING) for event in events]
    with patch.dict(os.environ, environment()), Network(lambda *_: b"").instead():
        s3 = boto3.client("s3")

        def ours() -> None:
            gathered = EventRows(TABLE, GROUPING, ORIGIN, COLLECTOR)
            with ParquetObject(s3, "lake", "ours.parquet", TABLE, SORT_BY) as target:
                for event in events:
                    gathered.append(event)
                    if len(gathered) >= SPOOLED_ROWS:
                        target.write(gathered.table())
                target.write(gathered.table())

        taken = medians(
            5,
            ours=ours,
            awswrangler=lambda: _to_parquet([row_of(event, ORIGIN, GROUPING) for event in events]),
            awswrangler_given_rows=lambda: _to_parquet(finished),
        )
    for name, seconds in taken.items():
        print(f"{name}: {ROWS / seconds:,.0f} rows a CPU second")
    verdict("writer: events to Parquet against awswrangler", taken["awswrangler"] / taken["ours"], 3)


def _to_parquet(rows: list[dict[str, Any]]) -> None:
    types: Any = {column.name: column.type for column in TABLE.columns}
    frame = pd.DataFrame(rows).sort_values(list(SORT_BY))
    wr.s3.to_parquet(
        frame,
        path="s3://lake/theirs.parquet",
        dtype=types,
        compression=CODEC,
        pyarrow_additional_kwargs={"compression_level": CODEC_LEVEL},
        index=False,
    )


if __name__ == "__main__":
    main()
