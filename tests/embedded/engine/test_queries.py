"""SELECT through Athena's API: results, parameters, errors, paging, limits, idempotency."""

import time

import awswrangler as wr
import boto3
import pytest
from botocore.exceptions import ClientError
from moto.athena.models import athena_backends

from tests.embedded.engine.conftest import ACCOUNT, REGION, Athena, Lake, point_partition, write_day


def test_a_result_has_a_header_and_athenas_text(athena: Athena) -> None:
    sql = """
        select id, at, cost_usd, value, tags, cast(null as varchar) as nothing, '' as empty,
            true as yes, 1e-5 as small, array[1, null] as list,
            cast(row(1, 'x') as row(n integer, s varchar)) as struct, x'0aff' as bytes
        from events where day = date '2026-11-01' order by id limit 2
    """
    header, first, second = athena.rows(sql)
    assert header[:3] == ["id", "at", "cost_usd"]
    assert first == [
        "2026-11-01/0", "2026-11-01 00:00:00.000", "1.250000000", "0.0", "{env=prod}", None, "",
        "true", "1.0E-5", "[1, null]", "{n=1, s=x}", "0a ff",
    ]  # fmt: skip
    assert second[3] == "1.0E9"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_awswrangler_reads_typed_columns(athena: Athena, events: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", events.endpoint)
    wr.config.athena_query_wait_polling_delay = 0.02
    frame = wr.athena.read_sql_query(
        "select day, sum(cost_usd) as cost_usd, count(*) as n, max(at) as at from events"
        " where day <= ? group by 1 order by 1",
        database="lake",
        workgroup="outlay",
        ctas_approach=False,
        params=["date '2026-11-02'"],
        paramstyle="qmark",
        boto3_session=boto3.Session(),
    )
    assert [str(cost) for cost in frame["cost_usd"]] == ["5.000000000", "5.000000000"]
    assert frame.dtypes.astype(str).to_dict()["n"] == "Int64"


def test_parameters_are_literals_in_their_order(athena: Athena) -> None:
    sql = "select count(*) from events where day = ? and id like ?"
    rows = athena.rows(sql, ExecutionParameters=["date '2026-11-01'", "'%/1'"])
    assert rows[1:] == [["1"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select nope from events", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        (
            "select 1 from nope",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist",
        ),
        ("select 1 from no.pe", "SCHEMA_NOT_FOUND: line 1:15: Schema 'no' does not exist"),
        ("select\n 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        (
            "select day = '2026' from events",
            "TYPE_MISMATCH: line 1:12: Cannot apply operator: date = varchar(4)",
        ),
    ],
)
def test_a_failure_reads_as_athenas(athena: Athena, sql: str, reason: str) -> None:
    execution = athena.run(sql)
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"] == reason
    assert execution["Status"]["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select form where", r"line 1:18: mismatched input '<EOF>'"),
        ("select 1\nform x y", r"line 2:6: mismatched input 'x'"),
        ("select 1; select 2", r"Only one sql statement is allowed"),
        ("", r"Query string is empty"),
        ("create catalog x using hive", r"Queries of this type are not supported"),
        ("set session x = 1", r"Queries of this type are not supported"),
        ("create external table t (a int) location 's3://x/'", r"declared in sql/"),
        ("select '" + "x" * 262_144 + "'", r"less than or equal to 262144"),
    ],
)
def test_what_athena_refuses_at_once(athena: Athena, sql: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        athena.start(sql or " ")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_semicolon_in_quotes_and_comments_ends_nothing(athena: Athena) -> None:
    assert athena.rows("-- it's; a comment\nselect 'a;b' as x /* ; */ ;\n")[1:] == [["a;b"]]


def test_results_come_in_pages_with_the_header_on_the_first(athena: Athena) -> None:
    execution = athena.run("select x from unnest(sequence(1, 2500)) as t(x) order by x")
    pages, token = [], {}
    while True:
        answer = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"], **token)
        pages.append([row["Data"][0]["VarCharValue"] for row in answer["ResultSet"]["Rows"]])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [len(page) for page in pages] == [1000, 1000, 501]
    assert pages[0][:2] == ["x", "1"]
    assert pages[-1][-1] == "2500"
    column = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]
    assert (column["Type"], column["Precision"]) == ("bigint", 19) or column["Type"] == "integer"


def test_the_same_token_starts_the_same_query_once(athena: Athena) -> None:
    token = "t" * 40
    first = athena.start("select 1", ClientRequestToken=token)
    assert athena.start("select 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("select 2", ClientRequestToken=token)


def test_the_statistics_count_the_bytes_that_were_read(athena: Athena, events: Lake) -> None:
    execution = athena.run("select sum(value) from events where day = date '2026-11-01'")
    scanned = execution["Statistics"]["DataScannedInBytes"]
    whole = athena.run("select * from events")["Statistics"]["DataScannedInBytes"]
    assert 0 < scanned < whole
    assert execution["Statistics"]["EngineExecutionTimeInMillis"] > 0
    reads = [r for r in events.requests if r[0] == "GET" and r[1].endswith(".parquet")]
    assert reads
    assert all(byte_range for _, _, byte_range in reads)
    runtime = athena.client.get_query_runtime_statistics(QueryExecutionId=execution["QueryExecutionId"])
    assert runtime["QueryRuntimeStatistics"]["Rows"]["InputBytes"] == scanned


def test_a_query_that_reads_too_much_is_cancelled(athena: Athena) -> None:
    athena.client.create_work_group(
        Name="small",
        Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/small/"}},
    )
    # The API takes no limit below 10 MB.
    small = athena_backends[ACCOUNT][REGION].work_groups["small"]
    small.configuration["BytesScannedCutoffPerQuery"] = 100
    sql = "select max(id) from events where day {} date '2026-11-01'"
    over = athena.run(sql.format("="), WorkGroup="small")
    assert over["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in over["Status"]["StateChangeReason"]
    assert athena.run(sql.format("<"), WorkGroup="small")["Status"]["State"] == "SUCCEEDED"


def test_a_query_can_be_stopped(athena: Athena) -> None:
    query_id = athena.start("select count(*) from unnest(sequence(1, 10000)) a(x), unnest(sequence(1, 10000)) b(x),"
                            " unnest(sequence(1, 1000)) c(x) where a.x * b.x = c.x + 0.5")  # fmt: skip
    while athena.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"] == "QUEUED":
        time.sleep(0.02)
    with pytest.raises(ClientError, match="Query has not yet finished"):
        athena.client.get_query_results(QueryExecutionId=query_id)
    athena.client.stop_query_execution(QueryExecutionId=query_id)
    status = athena.wait(query_id)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )


def test_a_moved_partition_is_seen_by_the_next_query(athena: Athena, events: Lake) -> None:
    sql = "select sum(cost_usd) from events where day = date '2026-12-01'"
    write_day(events, "2026-12-01", version="v1", cost="1")
    assert athena.rows(sql)[1:] == [["4.000000000"]]
    write_day(events, "2026-12-01", version="v2", cost="2")
    assert athena.rows(sql)[1:] == [["8.000000000"]]


def test_a_partition_without_objects_is_empty(athena: Athena, events: Lake) -> None:
    point_partition(events, "2026-12-02", "s3://lake/events/2026-12-02/nothing-yet/")
    write_day(events, "2026-12-03", version="v1", cost="1")
    sql = "select day, count(*) from events where day in (date '2026-12-02', date '2026-12-03') group by 1"
    assert athena.rows(sql)[1:] == [["2026-12-03", "4"]]


def test_executions_are_listed_by_workgroup_newest_first(athena: Athena) -> None:
    first, second = (athena.run(f"select {n}")["QueryExecutionId"] for n in (1, 2))
    listed = athena.client.list_query_executions(WorkGroup="outlay", MaxResults=2)
    assert listed["QueryExecutionIds"] == [second, first]
    assert listed["NextToken"]
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[first, "unknown"])
    assert [one["Query"] for one in batch["QueryExecutions"]] == ["select 1"]
    assert [one["QueryExecutionId"] for one in batch["UnprocessedQueryExecutionIds"]] == ["unknown"]


def test_a_query_needs_somewhere_to_put_its_result(athena: Athena) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        athena.start("select 1", WorkGroup="primary")
    elsewhere = {"OutputLocation": "s3://no-such-bucket/x/"}
    with pytest.raises(ClientError, match="output bucket no-such-bucket"):
        athena.start("select 1", WorkGroup="primary", ResultConfiguration=elsewhere)
    with pytest.raises(ClientError, match="WorkGroup nope is not found"):
        athena.start("select 1", WorkGroup="nope")
