"""UNLOAD, CREATE TABLE AS, INSERT and views: what they leave in S3 and in Glue."""

import io
from typing import Any

import awswrangler as wr
import boto3
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.embedded.engine.conftest import Athena, Lake


def _objects(lake: Lake, prefix: str) -> list[str]:
    listed = lake.client("s3").list_objects_v2(Bucket="lake", Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


def _parquet(lake: Lake, key: str) -> Any:
    body = lake.client("s3").get_object(Bucket="lake", Key=key)["Body"].read()
    return pq.ParquetFile(io.BytesIO(body))


def test_unload_writes_partitions_with_the_compression_asked_for(athena: Athena, events: Lake) -> None:
    execution = athena.run(
        "UNLOAD (\n  select id, cost_usd, day from events where day <= ? -- a comment: (\n)\n"
        "TO 's3://lake/out/partitioned/'\n"
        "WITH (format = 'PARQUET', compression = 'ZSTD', partitioned_by = ARRAY['day'])",
        ExecutionParameters=["date '2026-11-02'"],
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["StatementType"] == "DML"
    keys = _objects(events, "out/partitioned/")
    assert [key.split("/")[2] for key in keys] == ["day=2026-11-01", "day=2026-11-02"]
    file = _parquet(events, keys[0])
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.schema_arrow.names == ["id", "cost_usd"]
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix("s3://results/")
    listed = events.client("s3").get_object(Bucket="results", Key=manifest)["Body"].read()
    assert listed.decode().splitlines() == [f"s3://lake/{key}" for key in keys]


@pytest.mark.parametrize(
    ("option", "codec"),
    [("", "GZIP"), (", compression = 'SNAPPY'", "SNAPPY"), (", compression='gzip'", "GZIP")],
)
def test_unload_compresses_with_gzip_unless_told(athena: Athena, events: Lake, option: str, codec: str) -> None:
    target = f"out/codec{len(option)}/"
    athena.rows(
        "unload (select id from events where day = date '2026-11-01')"
        f" to 's3://lake/{target}' with (format = 'parquet'{option})"
    )
    (key,) = _objects(events, target)[:1]
    assert _parquet(events, key).metadata.row_group(0).column(0).compression == codec


def test_unload_refuses_a_target_that_holds_something(athena: Athena, events: Lake) -> None:
    sql = "unload (select 1 as one) to 's3://lake/out/twice/' with (format = 'PARQUET')"
    athena.rows(sql)
    before = _objects(events, "out/twice/")
    assert athena.failure(sql).startswith("HIVE_PATH_ALREADY_EXISTS: Target directory")
    assert _objects(events, "out/twice/") == before


def test_unload_leaves_no_table_behind(athena: Athena, events: Lake) -> None:
    assert athena.failure(
        "unload (\nselect nope from events\n) to 's3://lake/out/failed/' with (format = 'PARQUET')"
    ).startswith("COLUMN_NOT_FOUND: line 2:8")
    assert [row[0] for row in athena.rows("show tables") if "unload" in str(row[0])] == []
    assert athena.rows("select count(*) from information_schema.tables where table_name like 'unload%'")[1:] == [["0"]]
    assert _objects(events, "out/failed/") == []


def test_unload_of_no_rows_writes_nothing(athena: Athena, events: Lake) -> None:
    athena.rows("unload (select id from events where id = '-') to 's3://lake/out/none/' with (format = 'PARQUET')")
    assert _objects(events, "out/none/") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("unload (select 1) to 's3://lake/x/'", "Unload format '' is not supported"),
        (
            "unload (select 1) to 's3://lake/x/' with (format = 'XML')",
            "Unload format 'XML' is not supported",
        ),
        ("unload (select 1) to 's3://lake/x/' with (format = 'PARQUET', codec = 'ZSTD')", "codec"),
        ("unload (select 1 to 's3://lake/x/' with (format = 'PARQUET'", "UNLOAD reads"),
        (
            "unload (selec 1) to 's3://lake/x/' with (format = 'PARQUET')",
            "mismatched input 'selec'",
        ),
    ],
)
def test_an_unload_that_is_wrong_is_refused_at_once(athena: Athena, sql: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        athena.start(sql)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_awswrangler_unloads(athena: Athena, events: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", events.endpoint)
    wr.config.athena_query_wait_polling_delay = 0.02
    metadata = wr.athena.unload(
        "select id, sum(cost_usd) as cost_usd, day from events where day <= date '2026-11-02' group by 1, 3",
        path="s3://lake/out/wrangler/",
        database="lake",
        workgroup="outlay",
        file_format="PARQUET",
        compression="ZSTD",
        partitioned_by=["day"],
        boto3_session=boto3.Session(),
    )
    assert metadata.manifest_location
    assert metadata.raw_payload["Statistics"]["DataScannedInBytes"] > 0
    assert len(_objects(events, "out/wrangler/")) >= 2


def test_a_table_made_of_a_query_lives_with_the_results(athena: Athena) -> None:
    execution = athena.run(
        "create table made with (format = 'PARQUET', write_compression = 'ZSTD') as"
        " select id, cost_usd from events where day = ?",
        ExecutionParameters=["date '2026-11-01'"],
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert "/tables/" in execution["ResultConfiguration"]["OutputLocation"]
    assert athena.rows("select count(*), sum(cost_usd) from made")[1:] == [["4", "5.000000000"]]
    athena.rows("insert into made select 'new', cast(1 as decimal(18, 9))")
    assert athena.rows("select count(*) from made")[1:] == [["5"]]
    athena.rows("drop table if exists `made`")
    assert athena.failure("select 1 from made").startswith("TABLE_NOT_FOUND")


def test_an_enforced_workgroup_decides_where_tables_are(athena: Athena) -> None:
    with pytest.raises(ClientError, match="enforces a centralized output location"):
        athena.start("create table x with (external_location = 's3://lake/x/') as select 1 as one")


def test_a_view_has_its_true_columns_in_glue(athena: Athena, events: Lake) -> None:
    athena.rows(
        "create or replace view daily as select day, sum(cost_usd) as cost_usd, max_by(tags, id) as tags,"
        " max(at) as at, cast(row(1, 'x') as row(n integer, s varchar)) as struct,"
        " max(current_timestamp) as now from events group by day"
    )
    table = events.client("glue").get_table(DatabaseName="lake", Name="daily")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns == {
        "day": "date",
        "cost_usd": "decimal(38,9)",
        "tags": "map<string,string>",
        "at": "timestamp",
        "struct": "struct<n:int,s:string>",
        "now": "timestamp",
    }
    assert athena.rows("select cost_usd from daily where day = date '2026-11-01'")[1:] == [["5.000000000"]]
    athena.rows("create or replace view daily as select 1 as one")
    table = events.client("glue").get_table(DatabaseName="lake", Name="daily")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "one", "Type": "int"}]
    (line, *_) = athena.rows("show create view daily")
    assert line == ["CREATE VIEW lake.daily AS"]
    athena.rows("drop view daily")
