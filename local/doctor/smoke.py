"""`outlay doctor --aws --smoke`: one statement of each kind in a real account, and what Athena answered.

What the embedded Athena could not be held against is tried where it counts. Everything is made under names of its own and
removed; no table is written. Athena bills the bytes that are read: a few times its minimum of 10 MB.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from botocore.exceptions import ClientError

from infra.catalog_parser import parse_catalog
from infra.names import RESULTS
from lake.catalog import Catalog
from lake.errors import QueryError
from lake.sql_text import identifier, literal, with_literals
from local.doctor.finding import CheckResult
from local.doctor.stacks import DeployedStacks
from local.lake_sql import LakeSql

SQL = Path(__file__).resolve().parents[2] / "sql"
A_DAY = date(2020, 1, 1)
"""A day of which no lake has anything: a rollup's SQL over it is planned and run, and reads next to nothing."""


@dataclass(frozen=True)
class Probe:
    """One statement. kind is what it stands for; undone_by removes what it makes; is_open: both answers are fine."""

    kind: str
    sql: str
    undone_by: str | None = None
    is_open: bool = False


def check_statements(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Run the probes in the deployment's workgroup with the caller's credentials; Athena's own words where one fails."""
    database = f"{deployment.settings.database_prefix}outlay"
    athena = LakeSql(deployment.session.client("athena"), deployment.name, database)
    account = deployment.session.client("sts").get_caller_identity()["Account"]
    bucket = f"{deployment.name}-lake-{account}-{deployment.session.region_name}"
    run = uuid.uuid4().hex[:8]
    for probe in probes(parse_catalog(SQL), f"s3://{bucket}/{RESULTS}smoke-{run}/", f"outlay_smoke_{run}"):
        yield _answer(athena, probe)


def probes(catalog: Catalog, target: str, name: str) -> Iterator[Probe]:
    """A statement of each kind that Outlay sends, and those of which reports differ."""
    view = identifier(name)
    yield Probe("SELECT", "select 1 as one")
    yield Probe("SHOW PARTITIONS", "show partitions resource_events")
    yield Probe("DESCRIBE", "describe resource_events")
    yield Probe("CREATE VIEW", f"create or replace view {view} as\nselect 1 as one", f"drop view {view}")
    commented = f"create or replace view {view} as\nselect 1 as one -- one"
    yield Probe("CREATE VIEW with a comment", commented, f"drop view if exists {view}", is_open=True)
    for rollup in catalog.rollups:
        sql = with_literals(rollup.sql, [literal(A_DAY.isoformat())] * len(rollup.parameters))
        day = catalog.table(rollup.full_name).day_column
        options = f"format = 'PARQUET', compression = 'ZSTD', partitioned_by = ARRAY['{day}']"
        yield Probe(f"UNLOAD of {rollup.name}", f"UNLOAD (\n{sql}\n) TO '{target}{rollup.name}/' WITH ({options})")
    for one in catalog.views:
        yield Probe(f"the view {one.name}", f"select * from {identifier(one.name)} limit 1")  # noqa: S608


def _answer(athena: LakeSql, probe: Probe) -> CheckResult:
    """What Athena answered, and whether that is as it should be."""
    try:
        took = athena.ask(probe.sql)
        found = CheckResult("ok", f"{probe.kind}: taken, {took.milliseconds} ms, {took.scanned_bytes:,} bytes")
    except (QueryError, ClientError) as error:
        text = f"{probe.kind}: refused: {_one_line(error)}"
        told = "tell the maintainers, with this line: docs/smoke.md"
        found = CheckResult("ok", text) if probe.is_open else CheckResult("fail", text, told)
    if probe.undone_by:
        try:
            athena.ask(probe.undone_by)
        except (QueryError, ClientError) as error:
            if ": taken" in found.text:
                return replace(found, status="warn", text=f"{found.text}; could not be removed: {_one_line(error)}")
    return found


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
