"""Ten FinOps questions from the rollups against the same questions over the bill, on one engine; and ClickHouse beside them.

    python -m benchmarks.questions [--quick]

Each question is asked three times on both sides, in turns, after a turn that does not count; Trino's own CPU and wall times
count. Both sides' answers are compared, and different answers void the run. ClickHouse (chdb, installed by
`.venv/bin/uv pip install chdb==4.4.0`; without it, its column is left out) answers from MergeTree tables with the same rows.
"""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta
from importlib.util import find_spec
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.lakes import embedded_lake
from benchmarks.measuring import verdict
from benchmarks.questions.clickhouse import ClickHouse
from benchmarks.questions.company import FULL, LAST, QUICK, deliver
from embedded.engine.trino_client import Trino
from tests.support.lake_on_trino import NOON, TrinoLake

ROUNDS = 3
QUESTIONS = sorted(Path(__file__).parent.glob("*.sql"))


def main() -> None:
    """Print a row a question, and the ratios with their goals."""
    size = QUICK if "--quick" in sys.argv else FULL
    with embedded_lake() as (cloud, lake):
        lines = deliver(lake, size)
        print(f"{lines:,} lines of {size.accounts} accounts in {size.days} days; building the rollups")
        build(lake)
        house = ClickHouse(lake) if find_spec("chdb") else None
        trino, database = Trino(cloud.engine.port), lake.environment.database("outlay")
        print(f"{'question':<22}{'CPU, rollups':>14}{'bill':>9}{'ratio':>8}{'wall':>9}{'ClickHouse':>12}")
        ratios, walls, against = [], [], []
        for path in QUESTIONS:
            rollups, bill = _sides(path)
            asked = [_asked(trino, database, sql) for _ in range(ROUNDS + 1) for sql in (rollups, bill)]
            if asked[0]["rows"] != asked[1]["rows"]:
                raise SystemExit(f"{path.stem}: the rollups and the bill answer differently")
            mine, theirs = (median(a["cpu_s"] for a in asked[side + 2 :: 2]) for side in (0, 1))
            wall = median(a["wall_s"] for a in asked[2::2])
            other = house.wall_s(rollups) if house else None
            ratios.append(mine / theirs)
            walls.append(wall)
            against += [wall / other] if other else []
            shown = f"{other:11.3f}s" if other else f"{'-':>12}"
            print(f"{path.stem:<22}{mine:>13.3f}s{theirs:>8.2f}s{mine / theirs:>8.3f}{wall:>8.2f}s{shown}")
    verdict("CPU from rollups against the bill, geometric mean", prod(ratios) ** (1 / len(ratios)), 0.10, at_most=True)
    verdict("slowest question's wall, seconds, warm", max(walls), 1.0, at_most=True)
    if against:
        verdict("wall against ClickHouse, geometric mean", prod(against) ** (1 / len(against)), 20, at_most=True)


def build(lake: TrinoLake) -> None:
    """Runs of the rollups until nothing is left."""
    while True:
        started = time.monotonic()
        report = lake.run(NOON)
        print(f"  a run of {time.monotonic() - started:.0f} s built {sum(len(b.days) for b in report.built)} days")
        if report.failed:
            raise SystemExit(f"the run did not end well: {report.failed}")
        if report.is_complete:
            return


def _asked(trino: Trino, database: str, sql: str) -> dict[str, Any]:
    started = time.monotonic()
    done = trino.run(sql, database)
    return {
        "wall_s": time.monotonic() - started,
        "cpu_s": done.stats["cpuTimeMillis"] / 1000,
        "rows": sorted(str(row) for row in done.rows),
    }


def _sides(path: Path) -> tuple[str, str]:
    """The question's two statements, with the days filled in."""
    rollups, bill = path.read_text(encoding="utf-8").split("\n;\n")
    return rollups.format(**_of_rollups()), bill.format(**_of_bill())


def _of_rollups() -> dict[str, str]:
    return {**_windows("day"), "day": "day", "month_of": "date_trunc('month', day)"}


def _of_bill() -> dict[str, str]:
    day = "cast(line_item_usage_start_date as date)"
    tags = {f"tag_{group}": f"element_at(resource_tags, 'user_{group}')" for group in ("customer", "cluster", "env")}
    return {**_windows(day, period=True), **tags, "day": day, "month_of": f"date_trunc('month', {day})"}


def _windows(day: str, *, period: bool = False) -> dict[str, str]:
    """Conditions on the last so many days, and on the month so far; over the bill they name its partitions, too."""
    windows = {f"last_{days}": LAST - timedelta(days=days - 1) for days in (7, 14, 30, 90)}
    windows["month"] = LAST.replace(day=1)
    return {name: _since(first, day, period=period) for name, first in windows.items()}


def _since(first: date, day: str, *, period: bool) -> str:
    days = f"{day} between date '{first}' and date '{LAST}'"
    return f"({days} and billing_period between '{first:%Y-%m}' and '{LAST:%Y-%m}')" if period else f"({days})"


if __name__ == "__main__":
    main()
