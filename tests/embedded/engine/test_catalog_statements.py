"""Hive's DDL as people type it in Athena."""

import pytest

from tests.embedded.engine.conftest import Athena, Lake, point_partition, write_day


def test_databases_tables_and_columns_are_shown(athena: Athena) -> None:
    assert ["lake"] in athena.rows("SHOW DATABASES")
    assert athena.rows("show databases like 'l*'") == [["lake"]]
    assert ["events"] in athena.rows("show tables in lake")
    assert athena.rows("SHOW TABLES IN lake 'ev*'") == [["events"]]
    assert athena.rows("show columns in events")[0] == ["id"]
    described = [str(row[0]).split() for row in athena.rows("describe `lake`.`events`")]
    assert described[2] == ["cost_usd", "decimal(18,9)"]
    assert described[-1] == ["day", "date"]


def test_show_create_table_writes_hives_ddl(athena: Athena) -> None:
    text = "\n".join(str(row[0]) for row in athena.rows("show create table events"))
    assert text.startswith("CREATE EXTERNAL TABLE `events`(\n  `id` string, ")
    assert "PARTITIONED BY ( \n  `day` date)" in text
    assert "LOCATION\n  's3://lake/events/'" in text


def test_partitions_are_added_shown_and_dropped(athena: Athena) -> None:
    athena.rows("alter table events add partition (day = '2025-01-01') location 's3://lake/events/none/'"
                " partition (day='2025-01-02')")  # fmt: skip
    assert athena.rows("show partitions events")[:2] == [["day=2025-01-01"], ["day=2025-01-02"]]
    again = "alter table events add{} partition (day = '2025-01-01')"
    assert "exists" in athena.failure(again.format(""))
    athena.rows(again.format(" if not exists"))
    athena.rows("alter table events drop partition (day = '2025-01-01'), partition (day = '2025-01-02')")
    assert ["day=2025-01-01"] not in athena.rows("show partitions events")
    assert "Partition keys are ['day']" in athena.failure("alter table events add partition (hour = '1')")


def test_repair_registers_the_partitions_that_s3_holds(athena: Athena, events: Lake) -> None:
    write_day(events, "2028-01-01", version="v1", cost="1")
    glue, s3 = events.client("glue"), events.client("s3")
    table = glue.get_table(DatabaseName="lake", Name="events")["Table"]
    kept = {k: table[k] for k in ("TableType", "Parameters", "PartitionKeys", "StorageDescriptor")}
    kept["StorageDescriptor"]["Location"] = "s3://lake/hive_style/"
    glue.create_table(DatabaseName="lake", TableInput={"Name": "hive_style", **kept})
    copied = {"Bucket": "lake", "Key": "events/2028-01-01/v1/part-0.parquet"}
    s3.copy_object(Bucket="lake", Key="hive_style/day=2028-01-01/a.parquet", CopySource=copied)
    assert athena.rows("select count(*) from hive_style")[1:] == [["0"]]
    athena.rows("MSCK REPAIR TABLE hive_style;")
    assert athena.rows("select day, count(*) from hive_style group by 1")[1:] == [["2028-01-01", "4"]]


def test_databases_are_made_and_dropped(athena: Athena) -> None:
    athena.rows("create database if not exists scratch")
    assert "already exists" in athena.failure("create schema scratch")
    athena.rows("create view scratch.one as select 1 as one")
    assert "is not empty" in athena.failure("drop database scratch")
    athena.rows("drop database scratch cascade")
    assert athena.failure("drop database scratch").startswith("SCHEMA_NOT_FOUND")
    athena.rows("drop database if exists scratch")


def test_what_is_not_there_is_named(athena: Athena, events: Lake) -> None:
    assert athena.failure("describe nope") == "TABLE_NOT_FOUND: Table 'lake.nope' does not exist"
    athena.rows("create view unpartitioned as select 1 as one")
    assert "not a partitioned table" in athena.failure("show partitions unpartitioned")


@pytest.mark.parametrize("kind", ["(type io, format json)", "", "analyze"])
def test_explain_is_passed_on(athena: Athena, events: Lake, kind: str) -> None:
    point_partition(events, "2028-02-01", "s3://lake/events/none/")
    execution = athena.run(f"explain {kind} select count(*) from events where day = date '2028-02-01'")
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["StatementType"] == "UTILITY"
    assert len(athena.rows("explain (type io, format json) select count(*) from events")) > 5
