"""ALTER TABLE … ADD and DROP PARTITION, done in Glue."""

import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.models import GlueBackend

from embedded.engine.catalog_context import Answer, Context
from embedded.engine.trino_client import TrinoError

_PAIR = re.compile(r"[`\"]?(\w+)[`\"]?\s*=\s*(?:'([^']*)'|([\w.-]+))")
_PARTITION = re.compile(r"PARTITION\s*\(([^)]*)\)\s*(?:LOCATION\s*'([^']+)')?", re.I)


def alter_partitions(context: Context, match: re.Match[str]) -> Answer:
    """Add or drop the partitions that the statement names; raises TrinoError for wrong keys."""
    adds = match["verb"].upper() == "ADD"
    action = "glue:BatchCreatePartition" if adds else "glue:BatchDeletePartition"
    table = context.table(match["name"], action)
    for values, location in _PARTITION.findall(match["partitions"]):
        given = {key: text or number for key, text, number in _PAIR.findall(values)}
        keys = [key["Name"] for key in table["PartitionKeys"]]
        if set(given) != set(keys):
            raise TrinoError("FAILED", f"Partition keys are {keys}, not {list(given)}", by_user=True)
        ordered = [given[key] for key in keys]
        alter = _add_partition if adds else _drop_partition
        alter(context.glue, table, ordered, location, guarded=match["guard"] is not None)
    return [], []


def _add_partition(glue: GlueBackend, table: dict[str, Any], values: list[str], location: str, *, guarded: bool) -> None:
    keys = [key["Name"] for key in table["PartitionKeys"]]
    base = table["StorageDescriptor"]["Location"].rstrip("/")
    pairs = zip(keys, values, strict=True)
    default = "/".join([base, *(f"{key}={value}" for key, value in pairs), ""])
    storage = table["StorageDescriptor"] | {"Location": location or default}
    try:
        glue.create_partition(table["DatabaseName"], table["Name"], {"Values": values, "StorageDescriptor": storage})
    except JsonRESTError as error:
        if not guarded:
            raise TrinoError("FAILED", f"{error.message} {values}", by_user=True) from error


def _drop_partition(glue: GlueBackend, table: dict[str, Any], values: list[str], location: str, *, guarded: bool) -> None:
    try:
        glue.delete_partition(table["DatabaseName"], table["Name"], values)  # type: ignore[arg-type]
    except JsonRESTError as error:
        if not guarded:
            raise TrinoError("FAILED", f"{error.message} {values}", by_user=True) from error
