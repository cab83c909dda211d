"""A lake in memory for the runner to write to."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from collectors.parts import Lake
from lake.catalog import Catalog
from lake.catalog_parser import parse_catalog
from lake.configuration import GROUPS, Account, Configuration, Notifications
from lake.environment import Environment

# Powertools reads these when a handler is imported; moto would otherwise load a catalogue of images into each account.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Outlay"
os.environ["POWERTOOLS_SERVICE_NAME"] = "collect"
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

BUCKET = "lake"
NO_GROUPING: dict[str, tuple[str, ...]] = {group: () for group in GROUPS}


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """What the repository's sql/ declares."""
    return parse_catalog(Path(__file__).parents[2] / "sql")


@pytest.fixture
def make_lake(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lake]]:
    """Makes an empty lake of a company with the given accounts."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3, glue = boto3.client("s3"), boto3.client("glue")
        s3.create_bucket(Bucket=BUCKET)
        glue.create_database(DatabaseInput={"Name": "outlay"})
        for name in ("resource_events", "collector_runs"):
            glue.create_table(DatabaseName="outlay", TableInput=catalog.table(name).glue_input(BUCKET))

        def make(*accounts: Account) -> Lake:
            settings = Configuration(accounts, NO_GROUPING, (), (), Notifications("#costs"))
            return Lake(s3, glue, Environment(BUCKET, "outlay"), catalog, settings)

        yield make


def objects(lake: Lake, table: str) -> dict[str, bytes]:
    """Every object of a table, by its key below the table's folder."""
    prefix = lake.catalog.table(table).prefix
    found = lake.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): lake.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        for entry in found
    }


def rows(lake: Lake, table: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Every stored row of a table, whole or only some columns of it."""
    tables = [pq.read_table(io.BytesIO(body), columns=columns) for body in objects(lake, table).values()]
    return [row for stored in tables for row in stored.to_pylist()]
