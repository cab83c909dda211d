"""An empty lake in the embedded cloud, for benchmarks that need the real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import boto3

from embedded.cloud.embedded import EmbeddedCloud
from tests.support.catalog import CATALOG
from tests.support.lake_on_trino import TrinoLake


@contextmanager
def embedded_lake() -> Iterator[tuple[EmbeddedCloud, TrinoLake]]:
    """The cloud and a lake in it; both are gone afterwards."""
    with (
        TemporaryDirectory(prefix="outlay-benchmark-") as home,
        EmbeddedCloud(Path(home), slack=False) as cloud,
        patch.dict(os.environ, {**cloud.environment(), "POWERTOOLS_LOG_LEVEL": "ERROR"}),
    ):
        boto3.setup_default_session()
        make_workgroup()
        yield cloud, TrinoLake(CATALOG, "outlay")


def make_workgroup() -> None:
    """The workgroup that lakes of tests and benchmarks query in."""
    boto3.client("s3").create_bucket(Bucket="athena-results")
    results = {"ResultConfiguration": {"OutputLocation": "s3://athena-results/"}, "EnforceWorkGroupConfiguration": True}
    boto3.client("athena").create_work_group(Name="outlay", Configuration=results)  # type: ignore[arg-type]
