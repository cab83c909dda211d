"""What Hive's DDL works on: Glue, the engine, the database it runs in, and its caller."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.models import GlueBackend

from embedded.engine.permissions import QueryCaller
from embedded.engine.statements import unquote
from embedded.engine.trino_client import Trino, TrinoError


@dataclass(frozen=True)
class Context:
    """What a statement may use: Glue, the engine, the database it names none of, and the caller."""

    glue: GlueBackend
    trino: Trino
    database: str
    caller: QueryCaller

    def table(self, name: str, *actions: str) -> dict[str, Any]:
        """The Glue table of that name, once the caller may do `actions` on it."""
        *qualifiers, relation = unquote(name)
        database = qualifiers[-1] if qualifiers else self.database
        for action in ("glue:GetTable", *actions):
            self.caller.need_glue(action, database, relation)
        try:
            return dict(self.glue.get_table(database, relation).as_dict())
        except JsonRESTError as error:
            message = f"Table '{database}.{relation}' does not exist"
            raise TrinoError("TABLE_NOT_FOUND", message, by_user=True) from error


Rows = list[list[str]]
Answer = tuple[list[str], Rows]
Handler = Callable[[Context, re.Match[str]], Answer]
