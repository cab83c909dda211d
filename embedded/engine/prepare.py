"""Makes the engine's start cache: one start that does a little of everything, so that the JVM remembers what it takes.

The cache holds the classes that were met, among them Glue's, S3's and Parquet's: an engine that starts with it is ready
in half the time, and its first queries are as fast as later ones.
"""

import logging
import time
from typing import Any

from embedded.engine import start_cache
from embedded.engine.client import Engine
from embedded.engine.errors import EngineError
from embedded.engine.jars import ENGINE_HOME

_REGION = "us-east-1"
_ROWS = """
    SELECT 'arn:' || CAST(x AS varchar) AS arn, CAST(x % 7 AS integer) AS kind, x * 1e0 AS value,
        CAST(x * 1.5 AS decimal(18, 9)) AS cost_usd, timestamp '2026-01-01 00:00:00.000' + x * interval '1' hour AS at,
        map(ARRAY['env', 'team'], ARRAY['prod', NULL]) AS tags, ARRAY['a', 'b'] AS names, x % 2 = 0 AS even,
        date '2026-01-01' + (x % 3) * interval '1' day AS day
    FROM unnest(sequence(1, 400)) AS t (x)
"""
_TYPICAL = (
    f"""
    CREATE TABLE events WITH (format = 'PARQUET', external_location = 's3://lake/events/', partitioned_by = ARRAY['day'])
    AS {_ROWS}
    """,
    "CREATE OR REPLACE VIEW costs AS SELECT day, kind, arn, cost_usd, element_at(tags, 'env') AS env FROM events",
    """
    WITH usual AS (SELECT kind, day, sum(cost_usd) AS cost_usd, count(*) AS n FROM costs
                   WHERE day BETWEEN date '2026-01-01' AND date '2026-01-02' GROUP BY kind, day)
    SELECT a.kind, sum(a.cost_usd), avg(b.cost_usd), stddev(CAST(a.cost_usd AS double)), max_by(a.day, a.cost_usd),
        sum(sum(a.cost_usd)) OVER (ORDER BY a.kind ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING),
        approx_percentile(CAST(b.cost_usd AS double), 0.5), row_number() OVER (PARTITION BY a.kind % 2 ORDER BY a.kind)
    FROM usual AS a LEFT JOIN usual AS b ON a.kind = b.kind AND a.day >= b.day
    WHERE a.kind <> 3 GROUP BY ROLLUP (a.kind) ORDER BY 1 LIMIT 10
    """,
    """
    SELECT dimension, node, sum(cost_usd), min(at), count_if(even), array_agg(DISTINCT env), checksum(arn)
    FROM (SELECT *, element_at(tags, 'env') AS env FROM events)
    CROSS JOIN unnest(ARRAY['kind', 'arn'], ARRAY[CAST(kind AS varchar), arn]) AS levels (dimension, node)
    WHERE coalesce(env, 'x') LIKE 'p%' AND regexp_like(arn, '^arn') GROUP BY dimension, node
    UNION ALL SELECT 'all', NULL, sum(cost_usd), min(at), 0, NULL, checksum(arn) FROM events
    """,
    "UNLOAD (SELECT * FROM events WHERE day = date '2026-01-02' ORDER BY arn) TO 's3://lake/unloaded/' "
    "WITH (format = 'PARQUET', compression = 'GZIP')",
    "SELECT json_extract_scalar('{\"a\": 1}', '$.a'), try(1 / 0), date_diff('day', min(day), max(day)) FROM events",
    'SELECT * FROM "events$partitions"',
    "EXPLAIN (TYPE IO, FORMAT JSON) SELECT count(*) FROM costs WHERE day = date '2026-01-02'",
    "SHOW TABLES",
    "DROP VIEW costs",
)


def prepare() -> bool:
    """Make the start cache unless a whole one is there, and say whether it was made.

    Raises EngineError where it cannot be made. Several callers at once make it once.
    """
    if start_cache.is_whole(start_cache.cache_file()):
        return False
    with start_cache.only_maker():
        cache = start_cache.cache_file()
        if start_cache.is_whole(cache):
            return False
        start_cache.remove_unfinished()
        _make()
        if not start_cache.is_whole(cache):
            raise EngineError(f"The engine's start cache was not written to {ENGINE_HOME}: is the disk full?")
        return True


def _make() -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    from embedded.engine import athena

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or each request is a line
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        endpoint = f"http://localhost:{port}"
        session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=_REGION)  # noqa: S106
        with Engine.start(endpoint, ENGINE_HOME / "prepare", make_cache=start_cache.cache_file()) as engine:
            athena.install(lambda: engine.port)
            engine.wait_ready()
            session.client("s3", endpoint_url=endpoint).create_bucket(Bucket="lake")
            session.client("glue", endpoint_url=endpoint).create_database(DatabaseInput={"Name": "prepare"})
            client = session.client("athena", endpoint_url=endpoint)
            for sql in _TYPICAL:
                _run(client, sql)
    finally:
        server.stop()


def _run(athena: Any, sql: str) -> None:
    """One statement to its end. Raises EngineError where it fails: the engine would not do in a lake, either."""
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "prepare"},
        ResultConfiguration={"OutputLocation": "s3://lake/results/"},
    )
    while True:
        done = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        status = done["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] not in ("QUEUED", "RUNNING"):
            raise EngineError(f"The engine could not be prepared: {status.get('StateChangeReason')} in {sql.strip()}")
        time.sleep(0.02)
