"""A lake of its own for one test: a bucket and databases on the shared engine, filled row by row."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3

from lake.athena import Athena, Finished
from lake.catalog import Catalog
from lake.configuration import Configuration, Notifications
from lake.environment import Environment
from lake.lake import Lake
from lake.partitions import Partition, Partitions
from lake.relations import Rollup, Table, View
from lake.sql_text import literal
from lake.times import naive
from lake.writer import write_rows
from rollups.build import Builder
from rollups.run import RunReport, run_rollups
from rollups.sources import SourceVersions

Row = dict[str, Any]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


class TrinoLake:
    """Tables as sql/ declares them, real Athena SQL over them. Tables and views are created when first asked for.

    A table is asked for when rows are written to it, when SQL names it, and, all of them, when a function works on the
    lake: a test costs what it uses, however many relations there are.
    """

    def __init__(self, catalog: Catalog, workgroup: str) -> None:
        name = f"t{uuid.uuid4().hex[:10]}"
        self.catalog = catalog
        self.environment = Environment(bucket=name, workgroup=workgroup, database_prefix=f"{name}_")
        self.s3, self.glue = boto3.client("s3"), boto3.client("glue")
        self.s3.create_bucket(Bucket=name)
        for database in (*catalog.databases, *catalog.builds_databases):
            self.glue.create_database(DatabaseInput={"Name": self.environment.database(database)})
        self._uncreated: defaultdict[str, list[Table]] = defaultdict(list)
        for table in (*catalog.tables, *(catalog.builds_table(rollup) for rollup in catalog.rollups)):
            self._uncreated[table.name].append(table)
        configuration = Configuration((), {}, (), (), Notifications("#cloud-cost"))
        self._lake = Lake(self.s3, self.glue, self.environment, catalog, configuration)
        self.athena: Athena = _TouchingAthena(self)

    @property
    def lake(self) -> Lake:
        """What functions work on. They may ask Glue for any table, so all are there."""
        self.touch()
        return self._lake

    def touch(self, *names: str) -> None:
        """Create the tables with these names (all of them where none is given) that are not there yet."""
        for name in names or tuple(self._uncreated):
            for table in self._uncreated.pop(name, ()):
                database = self.environment.database(table.database)
                self.glue.create_table(DatabaseName=database, TableInput=table.glue_input(self.environment.bucket))

    def write(self, table_name: str, rows: Iterable[Row], *partition: str, name: str = "rows") -> None:
        """Put rows into a table (into the partition with these values), replacing an object of the same name."""
        written = self._put(table_name, rows, partition, name)
        if partition:
            self.partitions(table_name).register(written)

    def write_days(self, table_name: str, days: Mapping[str, Iterable[Row]], *before: str) -> None:
        """Put rows into many days' partitions, registered all at once; before: what stands before the day in a partition."""
        self.partitions(table_name).register(*(self._put(table_name, days[day], (*before, day)) for day in days))

    def _put(self, table_name: str, rows: Iterable[Row], values: tuple[str, ...], name: str = "rows") -> Partition:
        table = self.catalog.table(full_name(table_name))
        self.touch(table.name)
        folder = f"{table.home()}build=written/" if table.is_built else table.prefix
        folder += "".join(f"{c.name}={v}/" for c, v in zip(table.partition, values, strict=True))
        rows = [{column: row.get(column) for column in table.arrow_schema.names} for row in rows]
        write_rows(self.s3, self.environment.bucket, f"{folder}{name}.parquet", table, rows)
        return Partition(values, f"s3://{self.environment.bucket}/{folder}")

    def partitions(self, table_name: str) -> Partitions:
        """The partitions of a table as Glue has them."""
        table = self.catalog.table(full_name(table_name))
        self.touch(table.name)
        return Partitions(self.glue, self.environment.database(table.database), table)

    def rows(self, sql: str, parameters: Sequence[str] = ()) -> list[Row]:
        """What a query answers."""
        return self.athena.rows(sql, parameters)

    def planned_days(self, sql: str) -> dict[str, set[date]]:
        """By relation, the days whose partitions the engine's plan of a query reads."""
        rows = self.rows(f"explain (type io, format json) {sql}")
        plan = json.loads("\n".join(next(iter(row.values())) or "" for row in rows))
        found: dict[str, set[date]] = {}
        for table in plan["inputTableColumnInfos"]:
            days = found.setdefault(f"outlay.{table['table']['schemaTable']['table']}", set())
            for column in table["constraint"]["columnConstraints"]:
                if column["type"] == "date":
                    for span in column["domain"]["ranges"]:
                        low, high = (date.fromisoformat(span[end]["value"]) for end in ("low", "high"))
                        days.update(low + timedelta(days=i) for i in range((high - low).days + 1))
        return found

    def rollup(self, name: str, first_day: str, last_day: str | None = None) -> list[Row]:
        """What a rollup's own SELECT gives for a window of days, unpublished."""
        rollup = self.catalog.rollup(full_name(name))
        assert rollup is not None, name
        self.create_views_of(rollup)
        days = {"first_day": first_day, "last_day": last_day or first_day}
        return self.rows(rollup.sql, [literal(days[parameter]) for parameter in rollup.parameters])

    def create_views_of(self, *rollups: Rollup) -> None:
        """Create the views that rollups read."""
        for view in self.catalog.views:
            if any(view.sql in rollup.view_sql for rollup in rollups):
                self.create_view(view)

    def create_view(self, view: View) -> None:
        """Create a view whose own relations are there."""
        self.athena.within(view.database).execute(f"create or replace view {view.name} as\n{view.sql}")

    def view(self, name: str) -> list[Row]:
        """The rows of a view, created with all that it reads."""
        wanted = [full_name(name)]
        for view in reversed(self.catalog.views):
            if view.full_name in wanted:
                wanted += view.references
        for view in self.catalog.views:
            if view.full_name in wanted:
                self.create_view(view)
        return self.rows(f"select * from {self.environment.sql_name(full_name(name))}")

    def run(self, slot: datetime = NOON, remaining_ms: int = 900_000) -> RunReport:
        """One whole run of the rollups, as the function does it."""
        return run_rollups(self.builder(slot), self.catalog, slot, lambda: remaining_ms)

    def builder(self, slot: datetime = NOON) -> Builder:
        """A builder over this lake, in which the views that rollups read are created."""
        self.create_views_of(*self.catalog.rollups)
        return Builder(self.lake, self.athena, SourceVersions(self.lake, slot.date()))

    def builds(self, rollup: str) -> list[Row]:
        """The builds of a rollup that Athena can see, rows and all."""
        builds = self.catalog.builds_table(self.catalog.rollup(full_name(rollup)))  # type: ignore[arg-type]
        return self.rows(f"select * from {self.environment.sql_name(builds.full_name)}")


def full_name(relation: str) -> str:
    """The relation as database.name; in tests one without a database is outlay's."""
    return relation if "." in relation else f"outlay.{relation}"


class _TouchingAthena(Athena):
    """Athena that creates, before it runs a statement, the tables that the statement names."""

    def __init__(self, lake: TrinoLake) -> None:
        super().__init__(lake.environment, "outlay")
        self._lake = lake

    def execute(self, sql: str, parameters: Sequence[str] = ()) -> Finished:
        if names := _WORD.findall(sql):
            self._lake.touch(*names)
        return super().execute(sql, parameters)


def cost_event(day: str, value: str | None = "1", **fields: Any) -> Row:
    """A cost event at midnight of a day, billed value USD (amortized and net alike unless given)."""
    money = None if value is None else Decimal(value)
    return {
        "event_id": uuid.uuid4().hex,
        "event_time": datetime.fromisoformat(day),
        "ingested_at": naive(NOON),
        "aws_account_id": "111111111111",
        "aws_region": "us-east-1",
        "resource_arn": "arn:aws:ec2:us-east-1:111111111111:instance/i-1",
        "resource_type": "ec2:instance",
        "resource_id": "i-1",
        "event_action": "usage",
        "value": money,
        "amortized_cost_usd": money,
        "net_cost_usd": money,
        "unit": "USD",
        "provider": "AWS",
        "service": "AmazonEC2",
        "usage_type": "BoxUsage:m5.large",
        "charge_category": "usage",
        **fields,
    }


def config_event(slot: datetime, arn: str = "arn:1", **fields: Any) -> Row:
    """A config event of a volume, seen by the scan at slot."""
    properties = fields.pop("properties", {"state": "in-use"})
    return {
        "event_id": uuid.uuid4().hex,
        "event_time": naive(slot),
        "ingested_at": naive(slot),
        "aws_account_id": "111111111111",
        "aws_region": "us-east-1",
        "resource_arn": arn,
        "resource_type": "ebs:volume",
        "resource_id": arn,
        "event_action": "observed",
        "value": Decimal(100),
        "unit": "GiB",
        "properties": list(properties.items()),
        "tags": list(fields.pop("tags", {}).items()),
        **fields,
    }


def scan_outcome(slot: datetime, status: str = "ok", **fields: Any) -> Row:
    """A row of collector_runs for the volumes' scan of account 111111111111 in us-east-1."""
    return {
        "run_id": f"run-{slot.isoformat()}",
        "collector": "ebs_volumes",
        "slot": naive(slot),
        "part": 0,
        "aws_account_id": "111111111111",
        "aws_region": "us-east-1",
        "status": status,
        "event_count": 1,
        "duration_ms": 10,
        **fields,
    }


def rollup_row(level: str, ancestor_id: str, cost: str, dimension: str = "account", **fields: Any) -> Row:
    """A row of cost_rollup_daily in which every cost is the same."""
    money = Decimal(cost)
    return {
        "dimension": dimension,
        "level": level,
        "ancestor_id": ancestor_id,
        "cost_usd": money,
        "amortized_cost_usd": money,
        "net_cost_usd": money,
        "usage_cost_usd": money,
        "event_count": 1,
        **fields,
    }


def day_after(day: str, days: int = 1) -> str:
    """The day that many days later, as text."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
