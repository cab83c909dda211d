"""ClickHouse in this process (chdb), holding the rows of the lake's rollups in tables of its own kind."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.lake_on_trino import TrinoLake

TABLES = {
    "cost_rollup_daily": "order by (dimension, level, ancestor_id, day)",
    "cost_daily": "order by (service, aws_account_id, day)",
}


class ClickHouse:
    """The rollups' rows as MergeTree tables; asked in the SQL of the rollups, which both engines read alike."""

    def __init__(self, lake: TrinoLake) -> None:
        from chdb import session

        self._session: Any = session.Session()
        for name, order in TABLES.items():
            with TemporaryDirectory(prefix="outlay-clickhouse-") as folder:
                _download(lake, name, Path(folder))
                self._session.query(
                    f"create table {name} engine = MergeTree {order} settings allow_nullable_key = 1 as "
                    f"select * from file('{folder}/*/*.parquet', Parquet) settings use_hive_partitioning = 1"
                )

    def wall_s(self, sql: str) -> float:
        """Seconds that a question takes, warm."""
        taken = []
        for _ in range(5):
            started = time.monotonic()
            self._session.query(sql)
            taken.append(time.monotonic() - started)
        return median(taken[1:])


def _download(lake: TrinoLake, name: str, folder: Path) -> None:
    """Every object of the table's published partitions."""
    for partition in lake.partitions(f"outlay.{name}").all():
        listed = lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=partition.folder)
        day = folder / f"day={partition.values[-1]}"
        day.mkdir()
        for part, found in enumerate(listed.get("Contents", [])):
            lake.s3.download_file(lake.environment.bucket, found["Key"], str(day / f"{part}.parquet"))
