"""A Parquet object is written whole or not at all, as sql/ declares it, and the same rows give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from lake.writer import ROW_GROUP_ROWS, ParquetObject, write_rows
from tests.support.catalog import CATALOG

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TABLE = CATALOG.table("outlay.budget_rules")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket="lake")
        yield client


def rule(rule_id: str) -> dict[str, object]:
    return {name: None for name in TABLE.arrow_schema.names} | {"rule_id": rule_id, "limit_usd": Decimal("1.50")}


def read(s3: S3Client, key: str) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(s3.get_object(Bucket="lake", Key=key)["Body"].read()))


def test_rows_come_back_sorted_in_the_declared_types(s3: S3Client) -> None:
    assert write_rows(s3, "lake", "k", TABLE, [rule("b"), rule("a")], ("rule_id",)) == 2
    file = read(s3, "k")
    assert file.schema_arrow.equals(TABLE.arrow_schema)
    assert file.read().column("rule_id").to_pylist() == ["a", "b"]
    assert file.metadata.row_group(0).column(0).compression == "GZIP"


def test_an_error_in_the_middle_leaves_nothing(s3: S3Client) -> None:
    with pytest.raises(ValueError, match="torn"), ParquetObject(s3, "lake", "k", TABLE) as target:
        target.write(pa.Table.from_pylist([rule("a")], schema=TABLE.arrow_schema))
        raise ValueError("torn")
    assert s3.list_objects_v2(Bucket="lake")["KeyCount"] == 0


def test_no_rows_are_an_object_too(s3: S3Client) -> None:
    write_rows(s3, "lake", "k", TABLE, [])
    assert read(s3, "k").metadata.num_rows == 0


def test_the_same_rows_give_the_same_bytes(s3: S3Client) -> None:
    for key in ("a", "b"):
        write_rows(s3, "lake", key, TABLE, [rule("x"), rule("y")])
    tags = {key: s3.head_object(Bucket="lake", Key=key)["ETag"] for key in ("a", "b")}
    assert tags["a"] == tags["b"]


def test_row_groups_stay_small_however_many_rows_come(s3: S3Client) -> None:
    block = pa.Table.from_pylist([rule(str(i)) for i in range(10_000)], schema=TABLE.arrow_schema)
    with ParquetObject(s3, "lake", "k", TABLE) as target:
        for _ in range(8):
            target.write(block)
    metadata = read(s3, "k").metadata
    assert metadata.num_rows == 80_000 == target.rows
    assert all(ROW_GROUP_ROWS <= metadata.row_group(i).num_rows < 2 * ROW_GROUP_ROWS for i in range(metadata.num_row_groups))
