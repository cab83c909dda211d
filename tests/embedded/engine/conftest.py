"""A real Trino and a moto server whose Athena it answers, once for the tests of this folder.

The server shares its state with every mock_aws of this process, each of which begins by emptying it: no fixture that holds
state may outlive the folder.
"""

import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded.engine.client import Engine
from embedded.engine.jars import JARS_HOME

ACCOUNT, REGION = "123456789012", "us-east-1"
CALLER = "AKIACALLER"


@dataclass
class Permissions:
    """What the test's caller may not do: (action, resource) pairs, prefixes allowed."""

    enforced: bool = False
    denied: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def allowed(self, access_key_id: str, action: str, resource: str) -> bool:
        self.asked.append((access_key_id, action, resource))
        return not any(action == denied and resource.startswith(prefix) for denied, prefix in self.denied)


@dataclass
class Lake:
    """The embedded Athena, Glue and S3, with the switches that tests need."""

    endpoint: str
    permissions: Permissions
    requests: list[tuple[str, str, str | None]]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CALLER,
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="package")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    if not JARS_HOME.exists():
        pytest.skip("the engine's jars are not installed: python -m embedded.engine.install")
    from moto.server import ThreadedMotoServer

    from embedded.engine import athena

    permissions = Permissions()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://localhost:{port}"
    home: Path = tmp_path_factory.mktemp("engine")
    with pytest.MonkeyPatch.context() as patch, Engine.start(endpoint, home) as engine:
        athena.install(
            lambda: engine.port,
            permissions.allowed,
            enforced=lambda: permissions.enforced,
        )
        engine.wait_ready()
        yield Lake(endpoint, permissions, _record_requests(patch))
    server.stop()


def _record_requests(patch: pytest.MonkeyPatch) -> list[tuple[str, str, str | None]]:
    """Note (method, path, Range) of each request that S3 gets."""
    from moto.s3.responses import S3Response

    seen: list[tuple[str, str, str | None]] = []
    setup = S3Response.setup_class

    def record(self: Any, request: Any, *more: Any, **named: Any) -> None:
        seen.append((request.method, request.path, request.headers.get("Range")))
        setup(self, request, *more, **named)

    patch.setattr(S3Response, "setup_class", record)
    return seen


@pytest.fixture(scope="package")
def events(lake: Lake) -> Lake:
    """A table `collectors.scanning.events`, partitioned by day: two days of four rows each, in Glue and in S3."""
    s3, glue, athena = lake.client("s3"), lake.client("glue"), lake.client("athena")
    for bucket in ("lake", "results"):
        s3.create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput=events_table())
    for day in ("2026-11-01", "2026-11-02"):
        write_day(lake, day, version="v1", cost="1.25")
    athena.create_work_group(
        Name="outlay",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://results/queries/"},
            "EnforceWorkGroupConfiguration": True,
        },
    )
    return lake


def events_table() -> dict[str, Any]:
    """The Glue input of `collectors.scanning.events`."""
    return {
        "Name": "events",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": "day", "Type": "date"}],
        "StorageDescriptor": storage_at("s3://lake/events/"),
    }


def storage_at(location: str) -> dict[str, Any]:
    """A storage descriptor of `collectors.scanning.events` at a location."""
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    columns = {
        "id": "string",
        "at": "timestamp",
        "cost_usd": "decimal(18,9)",
        "value": "double",
        "tags": "map<string,string>",
    }
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
        "Location": location,
        "InputFormat": f"{parquet}.MapredParquetInputFormat",
        "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
    }


def write_day(lake: Lake, day: str, *, version: str, cost: str, rows: int = 4) -> None:
    """Write a day's events below a prefix of their own, and point the day's partition there."""
    buffer = io.BytesIO()
    at = datetime.fromisoformat(day)
    table = pa.table(
        {
            "id": [f"{day}/{number}" for number in range(rows)],
            "at": pa.array([at] * rows, pa.timestamp("ms")),
            "cost_usd": pa.array([Decimal(cost)] * rows, pa.decimal128(18, 9)),
            "value": pa.array([number * 1e9 for number in range(rows)], pa.float64()),
            "tags": pa.array([[("env", "prod")]] * (rows - 1) + [None], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(table, buffer)
    prefix = f"events/{day}/{version}/"
    lake.client("s3").put_object(Bucket="lake", Key=f"{prefix}part-0.parquet", Body=buffer.getvalue())
    point_partition(lake, day, f"s3://lake/{prefix}")


def point_partition(lake: Lake, day: str, location: str) -> None:
    """Register a day's partition at a location, or move it there."""
    glue = lake.client("glue")
    partition = {"Values": [day], "StorageDescriptor": storage_at(location)}
    where = {"DatabaseName": "lake", "TableName": "events"}
    try:
        glue.create_partition(**where, PartitionInput=partition)
    except glue.exceptions.AlreadyExistsException:
        glue.update_partition(**where, PartitionValueList=[day], PartitionInput=partition)


class Athena:
    """Run queries in the workgroup `outlay` and wait for their ends."""

    def __init__(self, lake: Lake) -> None:
        self.client = lake.client("athena")

    def start(self, sql: str, **more: Any) -> str:
        request = {"WorkGroup": "outlay", "QueryExecutionContext": {"Database": "lake"}} | more
        answer = self.client.start_query_execution(QueryString=sql, **request)
        return str(answer["QueryExecutionId"])

    def wait(self, query_id: str) -> dict[str, Any]:
        while True:
            execution: dict[str, Any] = self.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            time.sleep(0.02)

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        return self.wait(self.start(sql, **more))

    def failure(self, sql: str, **more: Any) -> str:
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "FAILED", execution
        return str(execution["Status"]["StateChangeReason"])

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a result, its header too where it has one."""
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        return [[datum.get("VarCharValue") for datum in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]


@pytest.fixture(scope="package")
def athena(events: Lake) -> Athena:
    return Athena(events)


@pytest.fixture
def permissions(lake: Lake) -> Iterator[Permissions]:
    lake.permissions.enforced = True
    yield lake.permissions
    lake.permissions.enforced = False
    lake.permissions.denied.clear()
    lake.permissions.asked.clear()


@pytest.fixture(scope="package", autouse=True)
def _environment() -> Iterator[None]:
    """Credentials for awswrangler, which reads them from the environment."""
    patch = pytest.MonkeyPatch()
    for name, value in {
        "AWS_ACCESS_KEY_ID": CALLER,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    }.items():
        patch.setitem(os.environ, name, value)
    yield
    patch.undo()
