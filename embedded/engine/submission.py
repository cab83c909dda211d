"""What Athena decides when a query is submitted: where its result goes, whether it is one at all."""

from dataclasses import dataclass
from typing import Any

from moto.athena.models import WorkGroup

from embedded.engine import catalog_statements, storage
from embedded.engine.errors import InvalidStatementError
from embedded.engine.runner import QueryRunner
from embedded.engine.statements import Statement, StatementKind
from embedded.engine.trino_client import TrinoError

_UNLOAD_OPTIONS = {"format", "compression", "field_delimiter", "partitioned_by"}
_FORMATS = {"PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"}


@dataclass(frozen=True)
class Output:
    """Where results go, and whether it was the workgroup that insisted."""

    location: str
    enforced: bool

    def directory(self, account: str) -> str:
        """The location, once its bucket is known to exist."""
        if not self.location:
            raise InvalidStatementError(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        if not storage.bucket_exists(account, self.location):
            bucket, _ = storage.split_location(self.location)
            raise InvalidStatementError(f"Unable to verify/create output bucket {bucket}")
        return self.location


def resolve_output(workgroup: WorkGroup, requested: dict[str, Any] | None) -> Output:
    """The request's output location, unless the workgroup enforces its own or none was given."""
    own = (workgroup.configuration.get("ResultConfiguration") or {}).get("OutputLocation", "")
    enforced = bool(own and workgroup.configuration.get("EnforceWorkGroupConfiguration"))
    if enforced:
        return Output(own, enforced=True)
    return Output((requested or {}).get("OutputLocation") or own, enforced=False)


def check_statement(runner: QueryRunner, statement: Statement, *, enforced_output: bool) -> None:
    """Raise InvalidStatementError for what Athena refuses at once: syntax, and options it doesn't know."""
    if statement.kind is StatementKind.CATALOG:
        catalog_statements.check(statement.sql)
        return
    if statement.kind is StatementKind.UNLOAD:
        _check_unload(statement)
    if statement.kind is StatementKind.CTAS and enforced_output and "external_location" in statement.options:
        raise InvalidStatementError(
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized output "
            "location for all queries. Please remove the 'external_location' property and resubmit "
            "the query."
        )
    # UNLOAD and CTAS's properties are Athena's own; the query inside them is Trino's.
    inner = statement.kind in (StatementKind.UNLOAD, StatementKind.CTAS)
    try:
        runner.trino.check_syntax(statement.query if inner else statement.sql)
    except TrinoError as error:
        raise InvalidStatementError(error.message) from error


def _check_unload(statement: Statement) -> None:
    unknown = set(statement.options) - _UNLOAD_OPTIONS
    if unknown:
        raise InvalidStatementError(f"Unload properties {sorted(unknown)} are not supported; use {sorted(_UNLOAD_OPTIONS)}")
    file_format = statement.options.get("format", "").strip("'").upper()
    if file_format not in _FORMATS:
        raise InvalidStatementError(f"Unload format '{file_format}' is not supported; use one of {sorted(_FORMATS)}")
