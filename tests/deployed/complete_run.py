"""Everything that a deployment ever does, in a few small events: what its roles are there for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from embedded.cloud.embedded import Invocation
from lake.partitions import Partition, Partitions
from schema.step import PARTITION_INDEX
from tests.deployed.outlay import SLOT, Outlay
from tests.deployed.roles import Role
from tests.unit.collectors.bills.bill_builder import FOCUS_ROW, csv_bytes, line

MEMBER = "222222222222"
GROUPS = {"collection": ("collect", "bills"), "rollups": ("rollup",), "alerts": ("notify",)}
LONG_AGO = "2020-01-01"
NO_SLOT = {"collector": "ebs_volumes"}
"""An event that every function refuses, three times over."""


class CompleteRun:
    """Does each kind of work once. The methods may be called again: each leaves behind what it found."""

    def __init__(self, outlay: Outlay) -> None:
        self.outlay, self.cloud, self.name = outlay, outlay.cloud, outlay.deployed.name
        self.slot = SLOT

    def stack(self, purpose: str) -> str:
        """The id of one of the stacks."""
        (found,) = self.cloud.client("cloudformation").describe_stacks(StackName=f"{self.name}-{purpose}")["Stacks"]
        return str(found["StackId"])

    def role(self, purpose: str, account: str | None = None) -> Role:
        return Role(self.cloud, f"{self.name}-{purpose}", account or self.cloud.account)

    def everything(self) -> None:
        """All the work, in an order in which each finds what it needs."""
        self.seed()
        self.deliver(150.0)
        self.outlay.deliver_focus("sample.csv", csv_bytes(FOCUS_ROW))
        self.outlay.collect(self.slot)
        self.outlay.settle(self.slot)
        self.refused_by_slack()
        assert self.outlay.fire("notify", self.slot).error is None
        self.restate(160.0)
        self.succeed("rollup")
        self.grow_old()
        self.register_expired()
        self.succeed("rollup")
        assert self.change_schema() == "SUCCESS"
        self.run_out_of_time()
        for purposes in GROUPS.values():
            for purpose in purposes:
                assert self.give_up(purpose)
        for group in GROUPS:
            assert self.lose_schedule(group)

    def seed(self) -> None:
        """A NAT gateway and a volume in the member account."""
        ec2 = self.cloud.client("ec2", MEMBER)
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=100)
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")

    def deliver(self, usd: float) -> None:
        """A bill that breaks Acme's rule on its second day."""
        self.outlay.deliver([line(day, usd if day == 10 else 20.0) for day in (9, 10, 11)])

    def invoke(self, purpose: str) -> Invocation:
        """One function, with a cheap event, at the run's slot."""
        event = {"slot": self.slot.isoformat(), **({"collector": "nat_gateways"} if purpose == "collect" else {})}
        done: Invocation = self.cloud.invoke(f"{self.name}-{purpose}", event)
        return done

    def succeed(self, purpose: str) -> None:
        done = self.invoke(purpose)
        assert done.error is None, done.payload

    def restate(self, usd: float) -> None:
        """An hour later the bill says something else."""
        self.slot += timedelta(hours=1)
        self.deliver(usd)
        self.succeed("bills")

    def refused_by_slack(self) -> None:
        """Slack fails once: what was to be said is forgotten again, so that the next run says it."""
        self.cloud.slack_fail_next("http_500")
        assert self.invoke("notify").error is not None

    def grow_old(self) -> None:
        """Two days pass, after which superseded builds go, and superseded bills, whose age is real."""
        self.slot = max(self.slot, datetime.now(UTC)) + timedelta(days=2)

    def register_expired(self) -> None:
        """A partition past its retention, its objects gone, in each table that has one."""
        for table in self.outlay.lake.catalog.tables:
            if table in self.outlay.lake.catalog.expiring:
                values = tuple(LONG_AGO if c.name == table.day_column else "config" for c in table.partition)
                location = f"s3://{self.outlay.deployed.bucket}/{table.folder(*values)}"
                Partitions(self.outlay.lake.glue, table.database, table).register(Partition(values, location))

    def change_schema(self) -> str:
        """A deployment that drops a view, changes one, makes two indexes and writes the reference tables; the answer to it."""
        glue = self.cloud.client("glue")
        for database in ("outlay", "outlay_builds"):
            table = {"DatabaseName": database, "TableName": "cost_daily"}
            if glue.get_partition_indexes(**table)["PartitionIndexDescriptorList"]:  # a step that failed has left none
                glue.delete_partition_index(**table, IndexName=PARTITION_INDEX)
        state = {
            "Version": "v2",
            "Tables": {},
            "Views": [["outlay.a_view_that_is_gone", "1"]],
            "ReferenceTables": {"outlay.budget_rules": "1"},
        }
        with _cloudformation() as (url, answers):
            event = {
                "RequestType": "Update",
                "ResponseURL": url,
                "StackId": self.stack("lake"),
                "RequestId": "request",
                "LogicalResourceId": "SchemaStep",
                "OldResourceProperties": state,
                "ResourceProperties": {**state, "Views": [], "ReferenceTables": {"outlay.budget_rules": "2"}},
            }
            self.cloud.invoke(f"{self.name}-schema", event)
        return str(answers[0]["Status"])

    def run_out_of_time(self) -> Invocation:
        """A run of 26 accounts in a function of 30 seconds, which continues itself for the last."""
        with self._configured("collect", Timeout=30):
            done = self.collect("elastic_ips", [self.cloud.account] * 26)
            self.cloud.drain()
        return done

    def collect(self, collector: str, accounts: list[str]) -> Invocation:
        event = {"collector": collector, "slot": self.slot.isoformat(), "accounts": accounts}
        done: Invocation = self.cloud.invoke(f"{self.name}-collect", event)
        return done

    def keeps_what_was_seen(self) -> bool:
        """Whether scans that went well stand when the same slot is scanned again and the account refuses."""
        self.slot += timedelta(hours=1)
        self.collect("nat_gateways", [MEMBER])
        self.cloud.inject("ec2", "DescribeNatGateways", "deny", account=MEMBER)
        self.collect("nat_gateways", [MEMBER])
        self.cloud.clear_faults()
        slot = self.slot.replace(microsecond=0)
        seen = [row["status"] for row in self.outlay.outcomes("nat_gateways") if row["slot"] == slot]
        return seen == ["ok"]

    def scan_member(self, collector: str) -> bool:
        """Whether a collector may see all that it looks for in the member account, which is the only one that it visits."""
        return self.collect(collector, [MEMBER]).error is None

    @contextmanager
    def told(self, purpose: str, **variables: str) -> Iterator[None]:
        """A function with some environment variables changed."""
        client = self.cloud.client("lambda")
        before = client.get_function_configuration(FunctionName=f"{self.name}-{purpose}")["Environment"]["Variables"]
        with self._configured(purpose, Environment={"Variables": before | variables}):
            yield

    @contextmanager
    def _configured(self, purpose: str, **settings: Any) -> Iterator[None]:
        client, name = self.cloud.client("lambda"), f"{self.name}-{purpose}"
        configuration = client.get_function_configuration(FunctionName=name)
        client.update_function_configuration(FunctionName=name, **settings)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, **{key: configuration[key] for key in settings})

    def is_logged(self, purpose: str) -> bool:
        """Whether what a function prints arrives in its log group."""
        request_id = self.cloud.invoke(f"{self.name}-{purpose}", NO_SLOT).request_id
        events = self.cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.name}-{purpose}")["events"]
        return any(request_id in event["message"] for event in events)

    def give_up(self, purpose: str) -> int:
        """An event that fails each of its attempts; how many dead letters that makes."""
        group = next(group for group, purposes in GROUPS.items() if purpose in purposes)
        with self.dead_letters(group) as letters:
            client = self.cloud.client("lambda")
            client.invoke(
                FunctionName=f"{self.name}-{purpose}", InvocationType="Event", Payload=json.dumps(NO_SLOT).encode()
            )
            self.cloud.drain()
        return len(letters)

    def lose_schedule(self, group: str) -> int:
        """A schedule that may not start its function; how many dead letters that makes."""
        with self.dead_letters(group) as letters, self.role(f"{group}-schedules").without("lambda:InvokeFunction"):
            self.cloud.fire(GROUPS[group][-1], self.slot)
        return len(letters)

    @contextmanager
    def dead_letters(self, group: str) -> Iterator[list[dict[str, Any]]]:
        """The messages that come to a group's dead-letter queue inside the block; they are taken off it."""
        found: list[dict[str, Any]] = []
        self.take_dead_letters(group)
        yield found
        found += self.take_dead_letters(group)

    def take_dead_letters(self, group: str) -> list[dict[str, Any]]:
        """The messages in a group's dead-letter queue, which is empty then."""
        sqs = self.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{self.name}-{group}-dead-letters")["QueueUrl"]
        taken: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            taken += messages
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken


@contextmanager
def _cloudformation() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address to answer CloudFormation at, and the answers that came."""
    answers: list[dict[str, Any]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", answers
        server.shutdown()
