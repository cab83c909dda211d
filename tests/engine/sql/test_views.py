"""What views cost: each reads each relation once, by the engine's own plan."""

import re
from collections import Counter

from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake

SCAN = re.compile(r"Scan\w*\[.*?table = \w+:\w+:(\w+)")
NEWEST = {
    "resource_snapshots": {"resource_snapshots_daily": 2},
    "collection_coverage": {"collection_coverage_daily": 2},
    "aws_accounts": {"collection_coverage_daily": 2},
}
"""The newest day is looked for first, in the partitions' days alone; it then decides the one partition that is read."""


def test_each_view_reads_each_relation_once(lake: TrinoLake) -> None:
    for table in CATALOG.tables:
        if [column.type for column in table.partition] == ["date"]:
            lake.write(table.full_name, [], "2026-11-18")  # what has no partition is not in a plan
    for view in CATALOG.views:
        lake.create_view(view)
    for view in CATALOG.views:
        plan = "\n".join(str(next(iter(row.values()))) for row in lake.rows(f"explain select * from {view.name}"))
        scans = Counter(SCAN.findall(plan))
        assert scans, plan
        assert scans == Counter(dict.fromkeys(scans, 1)) | Counter(NEWEST.get(view.name, {})), view.name
