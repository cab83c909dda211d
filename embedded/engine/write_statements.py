"""UNLOAD, CREATE TABLE AS and INSERT: the statements that write data."""

import uuid

from embedded.engine import storage
from embedded.engine.configuration import CATALOG, UNLOAD_CATALOG
from embedded.engine.executions import QueryExecution
from embedded.engine.running import glue, need_query, run_sql
from embedded.engine.trino_client import Trino, TrinoError

_CTAS_PROPERTIES = {"format", "external_location", "partitioned_by", "bucketed_by", "bucket_count"}
_COMPRESSIONS = ("write_compression", "parquet_compression", "orc_compression", "compression")
_PATH_EXISTS = "HIVE_PATH_ALREADY_EXISTS"


def unload(trino: Trino, execution: QueryExecution) -> None:
    """Write a query's rows below a prefix that holds nothing yet, and list what was written."""
    statement = execution.statement
    need_query(trino, execution)
    execution.caller.need_output(statement.location)
    options = dict(statement.options)
    codec = options.pop("compression", "'GZIP'").strip("'").upper()
    if "field_delimiter" in options:
        options["textfile_field_separator"] = options.pop("field_delimiter")
    options |= {"format": options["format"].upper(), "external_location": f"'{statement.location}'"}
    table = f"{UNLOAD_CATALOG}.results.unload_{uuid.uuid4().hex}"
    try:
        _create_table(trino, execution, table, options, codec)
    finally:
        # External: the objects stay. A query that failed has made no table.
        trino.run(f"DROP TABLE IF EXISTS {table}")
    _put_manifest(execution, statement.location, execution.output_location)


def _create_table(trino: Trino, execution: QueryExecution, table: str, options: dict[str, str], codec: str) -> None:
    properties = ", ".join(f"{name} = {value}" for name, value in options.items())
    guard = "IF NOT EXISTS " if execution.statement.guarded else ""
    sql = f"CREATE TABLE {guard}{table} WITH ({properties}) AS\n{execution.statement.query}"
    catalog = UNLOAD_CATALOG if table.startswith(f"{UNLOAD_CATALOG}.") else CATALOG
    codec_property = {f"{catalog}.compression_codec": codec}
    try:
        result = run_sql(trino, execution, sql, properties=codec_property, lines_before=1)
    except TrinoError as error:
        if error.name != _PATH_EXISTS:
            raise
        location = options["external_location"].strip("'")
        raise TrinoError(
            _PATH_EXISTS,
            f"Target directory for table already exists: {location}. You may need to manually clean "
            f"the data at location '{location}' before retrying. Athena will not delete data in your "
            "account.",
            by_user=True,
        ) from error
    execution.update_count = int(result.rows[0][0]) if result.rows else 0


def _put_manifest(execution: QueryExecution, location: str, output: str) -> None:
    account = execution.caller.account
    execution.manifest_location = f"{output}-manifest.csv"
    written = "\n".join(storage.list_below(account, location))
    storage.put_text(account, execution.manifest_location, written)


def ctas(trino: Trino, execution: QueryExecution) -> None:
    """Make a table of a query's rows: where it says, or in the results' bucket."""
    statement = execution.statement
    given = statement.options
    codecs = [given[name] for name in _COMPRESSIONS if name in given]
    options = {name: value for name, value in given.items() if name in _CTAS_PROPERTIES}
    options.setdefault("format", "'PARQUET'")
    options["format"] = options["format"].upper()
    options.setdefault("external_location", f"'{execution.output_location}/'")
    location = options["external_location"].strip("'")
    need_query(trino, execution)
    execution.caller.need_output(location)
    execution.caller.need_glue("glue:CreateTable", *statement.qualified(execution.database))
    codec = codecs[0].strip("'").upper() if codecs else "GZIP"
    _create_table(trino, execution, statement.name.replace("`", '"'), options, codec)
    _put_manifest(execution, location, execution.output_location)


def insert(trino: Trino, execution: QueryExecution) -> None:
    """Add a query's rows to a table."""
    database, name = execution.statement.qualified(execution.database)
    need_query(trino, execution)
    if execution.caller.allowed is not None:
        execution.caller.need_glue("glue:GetTable", database, name)
        table = glue(execution).get_table(database, name).as_dict()
        execution.caller.need_output(table["StorageDescriptor"]["Location"])
    result = run_sql(trino, execution, execution.statement.sql)
    execution.update_count = int(result.rows[0][0]) if result.rows else 0
