"""The deployed system as a test holds it: deliver, fire, look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3

from embedded.cloud.embedded import Invocation
from lake.athena import Athena
from lake.configuration import load_configuration
from lake.environment import Environment
from lake.lake import Lake
from lake.partitions import Partitions
from local.run import Deployed
from schema.reference_tables import reference_tables
from tests.support.catalog import CATALOG
from tests.unit.collectors.bills.bill_builder import Export, cur_table

Row = dict[str, Any]
SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
COLLECTORS = ("ec2_instances", "ebs_volumes", "nat_gateways", "nat_traffic", "elastic_ips")


@dataclass
class Outlay:
    """A deployment whose lake is empty when a test begins. Everything here is done as the administrator."""

    deployed: Deployed
    lake: Lake
    athena: Athena
    restated: Export | None = None
    messages_before: int = 0

    @classmethod
    def of(cls, deployed: Deployed) -> Outlay:
        """The deployment, seen through the session's default boto3 credentials."""
        environment = Environment(deployed.bucket, deployed.workgroup)
        configuration = load_configuration(next((deployed.cloud.home / "functions").glob("*")))
        lake = Lake(boto3.client("s3"), boto3.client("glue"), environment, CATALOG, configuration)
        return cls(deployed, lake, Athena(environment, "outlay"))

    @property
    def cloud(self) -> Any:
        """The embedded cloud."""
        return self.deployed.cloud

    def empty(self) -> None:
        """Forget all facts, deliveries, findings and messages; tables, views and reference data stay."""
        references = reference_tables(self.lake.catalog, self.lake.configuration, "")
        kept = {self.lake.catalog.table(name).prefix for name in (*references, "outlay._migrations")}
        bucket = self.deployed.bucket
        for page in self.lake.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [found["Key"] for found in page.get("Contents", [])]
            gone = [{"Key": key} for key in keys if not any(key.startswith(prefix) for prefix in kept)]
            if gone:
                self.lake.s3.delete_objects(Bucket=bucket, Delete={"Objects": gone})  # type: ignore[typeddict-item]
        tables = [*CATALOG.tables, *(CATALOG.builds_table(rollup) for rollup in CATALOG.rollups)]
        for table in tables:
            if table.partition and table.name != "_migrations":
                partitions = Partitions(self.lake.glue, table.database, table)
                for partition in list(partitions.all()):
                    partitions.drop(partition.values)
        self.forget_told()

    def forget_told(self) -> None:
        """Forget what has been said, and all messages."""
        table = boto3.resource("dynamodb").Table(
            next(n for n in boto3.client("dynamodb").list_tables()["TableNames"] if n.startswith(self.deployed.name))
        )
        keys = [name["AttributeName"] for name in table.key_schema]
        for item in table.scan()["Items"]:
            table.delete_item(Key={key: item[key] for key in keys})
        self.messages_before = len(self.cloud.slack_messages())

    def messages(self) -> list[Row]:
        """What Slack has taken since the test began."""
        found: list[Row] = self.cloud.slack_messages()[self.messages_before :]
        return found

    def export(self, keeps_all: bool = False) -> Export:
        """The AWS export, to deliver with."""
        return Export(self.lake, self.lake.configuration.bills[0], keeps_all)

    def deliver(self, lines: Sequence[Row], month: int = 11) -> None:
        """Deliver a month of the AWS bill, restating what was delivered before."""
        self.restated = self.restated or self.export()
        self.restated.deliver(cur_table(lines), month=month)

    def deliver_focus(self, name: str, body: bytes) -> None:
        """Deliver one FOCUS file."""
        self.lake.s3.put_object(Bucket=self.deployed.bucket, Key=f"bills/focus/{name}", Body=body)

    def fire(self, name: str, at: datetime = SLOT) -> Invocation:
        """Fire one schedule and wait for all that follows."""
        done: Invocation = self.cloud.fire(name, at)
        self.cloud.drain()
        return done

    def collect(self, at: datetime = SLOT, collectors: Sequence[str] = COLLECTORS) -> None:
        """Fire collectors, which must succeed."""
        for name in collectors:
            done = self.fire(f"collect-{name}", at)
            assert done.error is None, done.payload

    def settle(self, at: datetime = SLOT) -> None:
        """Bills, then rollups; both must succeed."""
        for name in ("bills", "rollup"):
            done = self.fire(name, at)
            assert done.error is None, done.payload

    def rows(self, sql: str) -> list[Row]:
        """What a query answers."""
        return self.athena.rows(sql)

    def total(self, where: str = "level = 'total'") -> Decimal:
        """Sum of cost_rollup_daily."""
        (row,) = self.rows(f"select coalesce(sum(cost_usd), decimal '0') as usd from cost_rollup_daily where {where}")
        return Decimal(row["usd"])

    def outcomes(self, collector: str) -> list[Row]:
        """Outcomes of a collector or bill, by account and region."""
        return self.rows(
            "select aws_account_id, aws_region, status, event_count, error_code, error_message, slot, part "
            f"from collector_runs where collector = '{collector}' order by slot, part, aws_account_id, aws_region"
        )
