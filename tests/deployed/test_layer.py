"""What the functions write can be written on AWS's managed layer, whose pyarrow lacks the codecs that ours has."""

from __future__ import annotations

import io
from collections import defaultdict

import pyarrow.parquet as pq
import pytest

from tests.deployed.complete_run import MEMBER
from tests.deployed.outlay import Outlay
from tests.support.catalog import CATALOG
from tests.unit.collectors.bills.bill_builder import line

pytestmark = pytest.mark.exhaustive

LAYER_CODECS = {"GZIP", "SNAPPY"}
"""The layer is built with ARROW_WITH_SNAPPY and ARROW_WITH_ZLIB on; ZSTD, LZ4, BROTLI and BZ2 are off."""


def test_every_object_that_a_function_writes_has_a_codec_of_the_layer(outlay: Outlay) -> None:
    outlay.cloud.client("ec2", MEMBER).create_volume(AvailabilityZone="us-east-1a", Size=100)
    outlay.deliver([line(10, 150.0)])
    outlay.collect(collectors=["ebs_volumes"])
    outlay.settle()
    assert outlay.fire("notify").error is None
    found, built_by_athena = codecs(outlay), {rollup.name for rollup in CATALOG.rollups}
    written = {table.name: found[table.name] for table in CATALOG.tables if table.name not in built_by_athena}
    assert {name: used for name, used in written.items() if not used or not used <= LAYER_CODECS} == {}


def codecs(outlay: Outlay) -> dict[str, set[str]]:
    """The codecs of each table's objects, by the table's name."""
    s3, bucket = outlay.lake.s3, outlay.deployed.bucket
    found: defaultdict[str, set[str]] = defaultdict(set)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="tables/"):
        for listed in page.get("Contents", []):
            metadata = pq.read_metadata(io.BytesIO(s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()))
            groups = map(metadata.row_group, range(metadata.num_row_groups))
            found[listed["Key"].split("/")[2]].update(
                group.column(n).compression for group in groups for n in range(metadata.num_columns)
            )
    return found
