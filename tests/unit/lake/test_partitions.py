"""The catalog is read as input: a partition whose day, place or counts are wrong is left out, and said to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lake.partitions import Partition, Partitions
from tests.support.catalog import CATALOG

EVENTS = CATALOG.table("outlay.resource_events")
GOOD = ("cost", "aws.cur.2026-11", "2026-11-01")


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Partitions]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        glue = boto3.client("glue", region_name="us-east-1")
        glue.create_database(DatabaseInput={"Name": "outlay"})
        glue.create_table(DatabaseName="outlay", TableInput=EVENTS.glue_input("lake"))  # type: ignore[arg-type]
        found = Partitions(glue, "outlay", EVENTS, bucket="lake")
        found.register(Partition(GOOD, f"s3://lake/{EVENTS.folder(*GOOD)}publication=1/", {"outlay.rows": "7"}))
        yield found


def at(*values: str, bucket: str = "lake", folder: str | None = None, **parameters: str) -> Partition:
    named = {f"outlay.{name}": value for name, value in parameters.items()}
    return Partition(values, f"s3://{bucket}/{folder or EVENTS.folder(*values)}", named)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (at("cost", "aws", "someday"), "event_date is 'someday', which is no day"),
        (at("cost", "aws", "20261101"), "event_date is '20261101', which is no day"),
        (at("cost", "aws", "2026-11-31"), "which is no day"),
        (at("cost", "aws", "2026-11-01", folder=EVENTS.folder("config", "x", "2026-11-01")), "lies outside of tables/"),
        (at("cost", "aws", "2026-11-01", folder="bills/aws/"), "lies outside of tables/"),
        (at("cost", "aws", "2026-11-01", bucket="theirs"), "its location s3://theirs/"),
        (at("cost", "aws", "2026-11-01", rows="many"), "outlay.rows is 'many', which is no number"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_not_as_it_should_be_is_left_out(events: Partitions, wrong: Partition, why: str) -> None:
    events.register(wrong)
    for expression in ("", "event_type = 'cost'"):
        assert [partition.values for partition in events.all(expression)] == [GOOD]
    ((refused, problem),) = events.refused()
    assert refused.values == wrong.values
    assert why in problem
    events.drop(refused.values)
    assert list(events.refused()) == []


def test_a_rollups_partitions_lie_in_their_builds_folders(events: Partitions) -> None:
    rollup: Any = CATALOG.rollup("outlay.cost_hourly")
    builds = CATALOG.builds_table(rollup)
    assert CATALOG.table("outlay.cost_hourly").home("2026-11-01") == builds.prefix == "builds/outlay_builds/cost_hourly/"
    assert builds.home("b", "2026-11-01") == f"{builds.prefix}build=b/cost_date=2026-11-01/"
