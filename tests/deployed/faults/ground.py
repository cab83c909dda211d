"""The deployment as fault tests hold it: what befalls it, and who is told."""

from __future__ import annotations

import json
import shutil
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.constructs.alarms import FAILED_SCANS_PERCENT
from lake.partitions import Partitions
from tests.deployed.outlay import SLOT, Outlay

CENTRAL, MEMBER = "111111111111", "222222222222"
GROUPS = ("collection", "rollups", "alerts")


def fault(what: str, reported: str, repaired: str) -> pytest.MarkDecorator:
    """Marks a test as a row of docs/reliability.md."""
    return pytest.mark.fault(what=what, reported=reported, repaired=repaired)


class Ground(Outlay):
    """A deployment under faults."""

    def empty(self) -> None:
        """Forget all facts, messages, dead letters and measurements."""
        super().empty()
        self.cloud.clear_faults()
        self.cloud.forget_metrics()
        self.dead_letters()

    def inject(self, service: str, operation: str, kind: str, **where: Any) -> None:
        """Let calls fail, as embedded.cloud.faults.Rule says."""
        self.cloud.inject(service, operation, kind, **where)

    def alarm(self, name: str) -> float:
        """The value that an alarm sees, 0 where it sees none; its state must fit."""
        (found,) = [alarm for alarm in self.cloud.alarms() if alarm["name"] == f"{self.deployed.name}-{name}"]
        value = float(found["value"] or 0)
        threshold = FAILED_SCANS_PERCENT if name == "scans-failed" else 1
        assert found["state"] == ("ALARM" if value >= threshold else "OK"), found
        return value

    def dead_letters(self) -> list[dict[str, Any]]:
        """What was given up; taken out of the queues."""
        found = []
        sqs = boto3.client("sqs")
        for group in GROUPS:
            url = sqs.get_queue_url(QueueName=f"{self.deployed.name}-{group}-dead-letters")["QueueUrl"]
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    found.append(json.loads(message["Body"]))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.cloud.forget_metrics("NumberOfMessagesSent")
        return found

    def forget_messages(self) -> None:
        """Forget what was said, and the rows of it."""
        table = self.lake.catalog.table("outlay.notifications")
        partitions = Partitions(self.lake.glue, "outlay", table)
        for partition in list(partitions.all()):
            partitions.drop(partition.values)
        for found in self.lake.s3.list_objects_v2(Bucket=self.deployed.bucket, Prefix=table.prefix).get("Contents", []):
            self.lake.s3.delete_object(Bucket=self.deployed.bucket, Key=found["Key"])
        self.forget_told()

    def function(self, purpose: str) -> str:
        """A function's name."""
        return f"{self.deployed.name}-{purpose}"

    def caller(self, purpose: str) -> str:
        """What stands in the ARN of a function's sessions, and of no other role's."""
        return f"{self.function(purpose)}/"

    def events(self, slot: datetime) -> dict[str, int]:
        """How many events of a slot each account has; every one has an id of its own."""
        rows = self.rows(
            "select aws_account_id, count(*) as n, count(distinct event_id) as ids from resource_events "
            f"where ingested_at = timestamp '{slot:%Y-%m-%d %H:%M:%S}' and event_type = 'config' group by 1"
        )
        assert all(row["n"] == row["ids"] for row in rows), rows
        return {row["aws_account_id"]: row["n"] for row in rows}

    def charged(self) -> dict[str, tuple[int, Any]]:
        """Rows and dollars of each delivery that is published; every row has an id of its own."""
        rows = self.rows(
            "select collector, count(*) as n, count(distinct event_id) as ids, sum(value) as usd from resource_events "
            "where event_type = 'cost' group by 1"
        )
        assert all(row["n"] == row["ids"] for row in rows), rows
        return {row["collector"]: (row["n"], row["usd"]) for row in rows}

    @contextmanager
    def with_seconds(self, purpose: str, seconds: int) -> Iterator[None]:
        """Give a function so many seconds."""
        client = boto3.client("lambda")
        before = client.get_function_configuration(FunctionName=self.function(purpose))["Timeout"]
        client.update_function_configuration(FunctionName=self.function(purpose), Timeout=seconds)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=self.function(purpose), Timeout=before)

    @contextmanager
    def reconfigured(self, purpose: str, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Deploy a function with another config.json."""
        folder = self._code(purpose)
        settings = json.loads((folder / "config.json").read_text())
        change(settings)
        client = boto3.client("lambda")
        try:
            client.update_function_code(FunctionName=self.function(purpose), ZipFile=_zipped(folder, settings))
            yield
        finally:
            changed = self._code(purpose)
            client.update_function_code(FunctionName=self.function(purpose), ZipFile=_zipped(folder, None))
            shutil.rmtree(changed)

    def _code(self, purpose: str) -> Path:
        """Where the embedded cloud has unpacked a function's code."""
        digest = boto3.client("lambda").get_function_configuration(FunctionName=self.function(purpose))["CodeSha256"]
        folder: Path = self.cloud.home / "functions" / b64decode(digest).hex()[:16]
        return folder


def later(minutes: int) -> datetime:
    """A slot so many minutes after the first."""
    return SLOT + timedelta(minutes=minutes)


def _zipped(folder: Any, settings: dict[str, Any] | None) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                changed = settings is not None and path.name == "config.json" and path.parent == folder
                body = json.dumps(settings).encode() if changed else path.read_bytes()
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), body)
    return buffer.getvalue()
