"""A query runs as its caller: each permission that it needs, taken away, makes it fail and is named."""

import pytest
from botocore.exceptions import ClientError

from tests.embedded.engine.conftest import ACCOUNT, CALLER, REGION, Athena, Permissions

GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
SELECT = "select sum(cost_usd) from guarded where day = ?"
UNLOAD = f"unload ({SELECT}) to 's3://lake/denied/' with (format = 'PARQUET')"


@pytest.fixture(scope="module", autouse=True)
def _view(athena: Athena) -> None:
    athena.rows("create or replace view guarded as select day, cost_usd from events")


@pytest.mark.parametrize("sql", [SELECT, UNLOAD])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("glue:GetTable", f"{GLUE}:catalog"),
        ("glue:GetTable", f"{GLUE}:database/lake"),
        ("glue:GetTable", f"{GLUE}:table/lake/guarded"),
        ("glue:GetTable", f"{GLUE}:table/lake/events"),
        ("glue:GetPartitions", f"{GLUE}:table/lake/events"),
        ("s3:ListBucket", "arn:aws:s3:::lake"),
        ("s3:GetObject", "arn:aws:s3:::lake/events/*"),
        ("s3:GetBucketLocation", "arn:aws:s3:::results"),
        ("s3:ListBucket", "arn:aws:s3:::results"),
        ("s3:ListBucketMultipartUploads", "arn:aws:s3:::results"),
        ("s3:PutObject", "arn:aws:s3:::results/queries/"),
        ("s3:GetObject", "arn:aws:s3:::results/queries/"),
        ("s3:AbortMultipartUpload", "arn:aws:s3:::results/queries/"),
        ("s3:ListMultipartUploadParts", "arn:aws:s3:::results/queries/"),
    ],
)
def test_reading_needs(athena: Athena, permissions: Permissions, sql: str, action: str, resource: str) -> None:
    permissions.denied.append((action, resource))
    reason = athena.failure(sql, ExecutionParameters=["date '2026-11-01'"])
    assert f"{action} on resource: {resource}" in reason
    assert "denied" in reason.lower() or reason.startswith("Insufficient permissions to execute the query")


def test_unload_needs_to_write_its_target(athena: Athena, permissions: Permissions) -> None:
    permissions.denied.append(("s3:PutObject", "arn:aws:s3:::lake/denied/"))
    reason = athena.failure(UNLOAD, ExecutionParameters=["date '2026-11-01'"])
    assert reason.startswith("Access denied when writing output to url: s3://lake/denied/")


@pytest.mark.parametrize(
    ("sql", "action", "resource"),
    [
        ("create view of_guarded as select * from guarded", "glue:GetTable", "table/lake/events"),
        ("create view of_guarded as select 1 as one", "glue:CreateTable", "table/lake/of_guarded"),
        ("drop view if exists guarded", "glue:DeleteTable", "table/lake/guarded"),
        ("describe events", "glue:GetTable", "table/lake/events"),
        ("show partitions events", "glue:GetPartitions", "table/lake/events"),
        ("show tables", "glue:GetTables", "database/lake"),
        ("msck repair table events", "glue:BatchCreatePartition", "table/lake/events"),
        (
            "alter table events drop partition (day='2026-11-01')",
            "glue:BatchDeletePartition",
            "table/lake/events",
        ),
        ("create table copied as select * from guarded", "glue:CreateTable", "table/lake/copied"),
    ],
)
def test_the_catalog_needs(athena: Athena, permissions: Permissions, sql: str, action: str, resource: str) -> None:
    permissions.denied.append((action, f"{GLUE}:{resource}"))
    assert f"{action} on resource: {GLUE}:{resource}" in athena.failure(sql)


def test_who_may_do_all_of_it_gets_rows_as_themselves(athena: Athena, permissions: Permissions) -> None:
    assert athena.rows(SELECT, ExecutionParameters=["date '2026-11-01'"])[1:] == [["5.000000000"]]
    assert {caller for caller, _, _ in permissions.asked} == {CALLER}


def test_results_are_read_with_the_readers_permission(athena: Athena, permissions: Permissions) -> None:
    query_id = athena.run("select 1")["QueryExecutionId"]
    permissions.denied.append(("s3:GetObject", "arn:aws:s3:::results/"))
    with pytest.raises(ClientError, match="Access denied when reading output"):
        athena.client.get_query_results(QueryExecutionId=query_id)
