"""SELECT through Athena's API: results, parameters, errors, paging, limits, idempotency."""

import time

import awswrangler as wr
import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.engine.conftest import Athena, Lake, point_partition, write_day


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


def test_awswrangler_reads_typed_columns(athena: Athena, events: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", events.endpoint)
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
