"""A notifier over moto's DynamoDB, S3, Glue and Secrets Manager, and Slack on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from lake.configuration import Configuration, Notifications
from lake.environment import Environment
from lake.lake import Lake
from notifiers.announcer import Announced
from notifiers.findings import Anomaly, Finding, Violation
from notifiers.notifier import Notifier
from notifiers.slack import slack_from_secret
from tests.support.catalog import CATALOG
from tests.unit.notifiers.examples import as_row
from tests.unit.notifiers.slack_server import TOKEN, SlackServer, slack_server

os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Outlay"  # read when a handler is imported
BUCKET, MEMORY, SECRET = "lake", "outlay-notifications", "outlay/slack"
SESSION = boto3.Session("test", "test", region_name="us-east-1")
"""One for all tests: the first client of a session takes longer than most of these tests."""


class Context:
    """As much of Lambda's context as is looked at."""

    remaining_ms = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Bench:
    """A notifier whose lake answers with the findings that a test sets, and with the notifications that were written."""

    slack: SlackServer
    findings: list[Finding] = field(default_factory=list)
    drivers: list[dict[str, Any]] = field(default_factory=list)
    notifications: Notifications = field(default_factory=lambda: Notifications("#cloud-cost"))
    queries: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    """Findings that the views hold, and the notifier no longer reads: over for long."""
    context: Context = field(default_factory=Context)

    def read(self, sql: str) -> list[dict[str, Any]]:
        self.queries.append(sql)
        if sql.startswith("select max(day)"):
            return [{"day": date(2026, 11, 24)}]
        if "from notifications" in sql:
            names = ("finding_id", "finding_type", "channel", "message_ts", "summary")
            return [{name: row[name] for name in names} for row in self.rows() if row["kind"] == "opened"]
        if "\nunion all\n" in sql:
            return [{"finding_id": finding_id} for finding_id in self.standing]
        if "\nfrom budget_violations" in sql:
            return [as_row(finding) for finding in self.findings if isinstance(finding, Violation)]
        if "\nfrom cost_anomalies" in sql:
            return [as_row(finding) for finding in self.findings if isinstance(finding, Anomaly)]
        return self.drivers

    def run(self, *findings: Finding) -> Announced:
        """One run, on these findings where some are given."""
        return self.run_on(findings or self.findings)

    def run_on(self, findings: Iterable[Finding]) -> Announced:
        """One run, on exactly these findings."""
        self.findings = list(findings)
        notifier = Notifier(
            lake=Lake(
                boto3.client("s3"),
                boto3.client("glue"),
                Environment(BUCKET, "outlay"),
                CATALOG,
                Configuration((), {}, (), (), self.notifications),
            ),
            read=self.read,
            slack=lambda: slack_from_secret(SESSION, SECRET, f"{self.slack.url}/api/", seconds_between=0),
            memory_table=MEMORY,
            session=SESSION,
        )
        return notifier.run(self.context)  # type: ignore[arg-type]

    def secret(self, value: str) -> None:
        boto3.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=value)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table notifications, as its objects hold them."""
        s3 = boto3.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix="tables/outlay/notifications/").get("Contents", [])
        bodies = [s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in found]
        return [row for body in bodies for row in pq.ParquetFile(BytesIO(body)).read().to_pylist()]

    def partitions(self) -> list[dict[str, Any]]:
        found = boto3.client("glue").get_partitions(DatabaseName="outlay", TableName="notifications")
        return list(found["Partitions"])

    def texts(self) -> list[str]:
        """What Slack took, a line each."""
        return [message["text"] for message in self.slack.messages]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(), slack_server() as server:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", SESSION)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"bot_token": TOKEN}))
        boto3.client("dynamodb").create_table(
            TableName=MEMORY,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": "outlay"})
        glue.create_table(DatabaseName="outlay", TableInput=CATALOG.table("outlay.notifications").glue_input(BUCKET))
        yield Bench(server)
