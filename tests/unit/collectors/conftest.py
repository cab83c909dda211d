"""A lake in memory for the runner to write to."""

import io
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from infra.catalog_parser import parse_catalog
from lake.catalog import Catalog
from lake.configuration import GROUPS, Account, Configuration, Notifications
from lake.environment import Environment
from lake.lake import Lake

# Powertools reads these when a handler is imported; moto would otherwise load a catalogue of images into each account.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Outlay"
os.environ["POWERTOOLS_SERVICE_NAME"] = "collect"
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

LAKES = count()
NO_GROUPING: dict[str, tuple[str, ...]] = {group: () for group in GROUPS}


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """What the repository's sql/ declares."""
    return parse_catalog(Path(__file__).parents[3] / "sql")


@pytest.fixture(scope="package")
def clients() -> Iterator[tuple[Any, Any]]:
    """S3 and Glue of one emulated AWS for this folder's tests; each test has a bucket and databases of its own in it."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield boto3.client("s3"), boto3.client("glue")


@pytest.fixture
def make_lake(catalog: Catalog, clients: tuple[Any, Any]) -> Callable[..., Lake]:
    """Makes an empty lake of a company with the given accounts."""
    s3, glue = clients

    def make(*accounts: Account) -> Lake:
        name = f"lake{next(LAKES)}"
        environment = Environment(name, "outlay", f"{name}_")
        s3.create_bucket(Bucket=name)
        glue.create_database(DatabaseInput={"Name": environment.database("outlay")})
        for table in ("resource_events", "collector_runs"):
            table_input = catalog.table(f"outlay.{table}").glue_input(name)
            glue.create_table(DatabaseName=environment.database("outlay"), TableInput=table_input)
        return Lake(s3, glue, environment, catalog, Configuration(accounts, NO_GROUPING, (), (), Notifications("#costs")))

    return make


def objects(lake: Lake, table: str) -> dict[str, bytes]:
    """Every object of a table, by its key below the table's folder."""
    prefix = lake.catalog.table(f"outlay.{table}").prefix
    found = lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): lake.s3.get_object(Bucket=lake.environment.bucket, Key=entry["Key"])[
            "Body"
        ].read()
        for entry in found
    }


def rows(lake: Lake, table: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Every stored row of a table, whole or only some columns of it."""
    tables = [pq.read_table(io.BytesIO(body), columns=columns) for body in objects(lake, table).values()]
    return [row for stored in tables for row in stored.to_pylist()]
