"""What moto's Glue lacks for an engine to work on it as Athena works on Glue."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse

from embedded.engine import partition_indexes
from embedded.engine.trino_types import parse_type

_PRESTO_VIEW = re.compile(r"/\* Presto View: (?P<definition>[A-Za-z0-9+/=]+) \*/")


def install() -> None:
    """Answer column statistics with "none", leave out columns that nobody asked for, give views theirs, and keep indexes."""
    partition_indexes.install()
    if not hasattr(GlueResponse.get_partitions, "leaves_columns_out"):
        setattr(GlueResponse, "get_partitions", _without_excluded_columns(GlueResponse.get_partitions))  # noqa: B010
    for scope in ("table", "partition"):
        setattr(GlueResponse, f"get_column_statistics_for_{scope}", _no_statistics)
        setattr(GlueResponse, f"update_column_statistics_for_{scope}", _accept)
        setattr(GlueResponse, f"delete_column_statistics_for_{scope}", _accept)
    for name in ("create_table", "update_table"):
        method = getattr(GlueBackend, name)
        if not hasattr(method, "gives_columns"):
            setattr(GlueBackend, name, _with_view_columns(method))


def _no_statistics(self: GlueResponse) -> ActionResult:
    return ActionResult({"ColumnStatisticsList": [], "Errors": []})


def _accept(self: GlueResponse) -> ActionResult:
    return ActionResult({"Errors": []})


def _without_excluded_columns(method: Callable[[GlueResponse], ActionResult]) -> Callable[[GlueResponse], ActionResult]:
    """GetPartitions with ExcludeColumnSchema: most of an answer is columns, the same ones in each partition."""

    def get(self: GlueResponse) -> ActionResult:
        answer: Any = method(self)
        if self.parameters.get("ExcludeColumnSchema"):
            for partition in answer.result["Partitions"]:
                storage = partition.get("StorageDescriptor", {})
                partition["StorageDescriptor"] = {name: value for name, value in storage.items() if name != "Columns"}
        return cast(ActionResult, answer)

    get.leaves_columns_out = True  # type: ignore[attr-defined]
    return get


def _with_view_columns(method: Callable[..., Any]) -> Callable[..., Any]:
    """Athena writes a view's columns into Glue; Trino writes one called `dummy`."""

    def write(self: GlueBackend, database: str, table: str, table_input: dict[str, Any], *rest: Any) -> Any:
        match = _PRESTO_VIEW.fullmatch(table_input.get("ViewOriginalText") or "")
        if match:
            table_input["StorageDescriptor"]["Columns"] = _view_columns(match["definition"])
        return method(self, database, table, table_input, *rest)

    write.gives_columns = True  # type: ignore[attr-defined]
    return write


def _view_columns(definition: str) -> list[dict[str, str]]:
    view = json.loads(base64.b64decode(definition))
    return [{"Name": column["name"], "Type": parse_type(column["type"]).hive} for column in view["columns"]]
