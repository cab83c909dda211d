"""What moto's Glue lacks for an engine to work on it as Athena works on Glue."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse

from local.engine.trino_types import parse_type

_PRESTO_VIEW = re.compile(r"/\* Presto View: (?P<definition>[A-Za-z0-9+/=]+) \*/")


def install() -> None:
    """Answer column statistics with "none", and give views their true columns."""
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


def _with_view_columns(method: Callable[..., Any]) -> Callable[..., Any]:
    """Athena writes a view's columns into Glue; Trino writes one called `dummy`."""

    def write(
        self: GlueBackend, database: str, table: str, table_input: dict[str, Any], *rest: Any
    ) -> Any:
        match = _PRESTO_VIEW.fullmatch(table_input.get("ViewOriginalText") or "")
        if match:
            table_input["StorageDescriptor"]["Columns"] = _view_columns(match["definition"])
        return method(self, database, table, table_input, *rest)

    write.gives_columns = True  # type: ignore[attr-defined]
    return write


def _view_columns(definition: str) -> list[dict[str, str]]:
    view = json.loads(base64.b64decode(definition))
    return [
        {"Name": column["name"], "Type": parse_type(column["type"]).hive}
        for column in view["columns"]
    ]
