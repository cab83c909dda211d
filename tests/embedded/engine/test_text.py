"""Types, values and statements as text: what the engine must get right without Trino's help."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.engine.errors import InvalidStatementError
from embedded.engine.statements import StatementKind, parse_statement
from embedded.engine.trino_types import parse_type
from embedded.engine.values import athena_text, csv_line, csv_rows


@pytest.mark.parametrize(
    ("trino", "hive"),
    [
        ("varchar", "string"),
        ("varchar(7)", "varchar(7)"),
        ("decimal(18, 9)", "decimal(18,9)"),
        ("timestamp(3) with time zone", "timestamp"),
        ("array(row(x array(bigint)))", "array<struct<x:array<bigint>>>"),
        (
            'map(varchar, row("a b" decimal(18, 9), c real))',
            "map<string,struct<a b:decimal(18,9),c:float>>",
        ),
        ("row(integer, timestamp(3) with time zone)", "struct<field0:int,field1:timestamp>"),
    ],
)
def test_trinos_types_have_hives_names(trino: str, hive: str) -> None:
    assert parse_type(trino).hive == hive


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (100.0, "100.0"), (9999999.0, "9999999.0"), (1e7, "1.0E7"), (0.001, "0.001"),
     (-2.5e-10, "-2.5E-10"), (1.2345678901234567e18, "1.2345678901234568E18"), ("NaN", "NaN")],
)  # fmt: skip
def test_doubles_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert athena_text(value, parse_type("double")) == text


@given(st.lists(st.lists(st.none() | st.text(), min_size=1, max_size=3), max_size=5))
def test_a_result_is_read_back_as_it_was_written(rows: list[list[str | None]]) -> None:
    assert list(csv_rows("".join(csv_line(row) for row in rows))) == rows


@pytest.mark.parametrize(
    ("sql", "kind", "query", "name"),
    [
        ("(select 1)", StatementKind.SELECT, "(select 1)", ""),
        (
            "-- why\nwith a as (select 1) select * from a",
            StatementKind.SELECT,
            "with a as (select 1) select * from a",
            "",
        ),
        ("insert into a.b (x, y) select 1, 2", StatementKind.INSERT, "select 1, 2", "a.b"),
        ("insert into b (select 1)", StatementKind.INSERT, "(select 1)", "b"),
        ('create table "t" as select 1', StatementKind.CTAS, "select 1", '"t"'),
        (
            "create table if not exists t with (a = array['x)']) as (select 1)",
            StatementKind.CTAS,
            "(select 1)",
            "t",
        ),
        (
            "create or replace view v as with x as (select 1) select 2",
            StatementKind.VIEW,
            "with x as (select 1) select 2",
            "v",
        ),
        ("drop table if exists `a`.`b`", StatementKind.DROP, "", '"a"."b"'),
        ("explain analyze select 1", StatementKind.EXPLAIN, "select 1", ""),
        ("explain (type io, format json) select 1", StatementKind.EXPLAIN, "select 1", ""),
        ("show tables", StatementKind.CATALOG, "", ""),
    ],
)
def test_a_statement_is_known_for_what_it_is(sql: str, kind: StatementKind, query: str, name: str) -> None:
    statement = parse_statement(sql)
    assert (statement.kind, statement.query, statement.name) == (kind, query, name)


def test_unload_is_taken_apart() -> None:
    statement = parse_statement(
        "UNLOAD (select ')' as a, (1) as \"(\" /* ) */ from t)\nTO 's3://b/p/'\n"
        "WITH (format = 'PARQUET', partitioned_by = ARRAY['x', 'y'])"
    )
    assert statement.query == "select ')' as a, (1) as \"(\" /* ) */ from t"
    assert statement.location == "s3://b/p/"
    assert statement.options == {"format": "'PARQUET'", "partitioned_by": "ARRAY['x', 'y']"}


@given(st.text())
def test_any_text_is_a_statement_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidStatementError):
        parse_statement(text)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t where day = ? and x in (?, lower(?)) or (y = ?)",
        "with a as (select 1 from t where d between ? and ?) select '?', \"?\" /* ? */ from a -- ?",
        "unload (select d from t where d <= cast(? as date) group by 1) to 's3://b/p/' with (format = 'PARQUET')",
        "select a from t where extract(day from d) = ? and d in (select d from u where e = ?)",
    ],
)
def test_parameters_in_a_where_clause_are_taken(sql: str) -> None:
    assert sql.startswith(parse_statement(sql).sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select ? from t",
        "select a from t join u on a = ?",
        "select a from t where a = 1 group by a having count(*) > ?",
        "select a from t order by a limit ?",
        "with a as (select cast(? as date) as d) select d from a where d = ?",
        "select a from t where a in (select ? from u)",
        "unload (select cast(? as date) as day from t) to 's3://b/p/' with (format = 'PARQUET')",
    ],
)
def test_parameters_elsewhere_are_refused_as_athena_documents(sql: str) -> None:
    with pytest.raises(InvalidStatementError, match=r"line 1:\d+: Parameters can be placed only in the WHERE clause"):
        parse_statement(sql)


@pytest.mark.parametrize("sql", ["create view v as select a from t where a = ?", "explain select a from t where a = ?"])
def test_statements_without_parameters_refuse_them(sql: str) -> None:
    with pytest.raises(InvalidStatementError, match="Parameters are supported only for"):
        parse_statement(sql)


@pytest.mark.parametrize("comment", ["-- why", "/* why */"])
def test_a_view_has_no_comments(comment: str) -> None:
    with pytest.raises(InvalidStatementError, match="cannot hold comments"):
        parse_statement(f"create or replace view v as\nselect 1 as a {comment}\n")
    assert parse_statement("create view v as select '-- /* why */' as a").kind is StatementKind.VIEW


def test_a_comment_of_an_unload_holds_no_semicolon() -> None:
    with pytest.raises(InvalidStatementError, match="Only one sql statement is allowed"):
        parse_statement("unload (select 1 as a -- one; two\n) to 's3://b/p/' with (format = 'PARQUET')")
