"""What a deployed function is told about its surroundings: read once from the environment variables that the stack sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lake.errors import ConfigurationError
from lake.sql_text import relation


@dataclass(frozen=True)
class Environment:
    """The lake that a function works on.

    bucket holds tables/, bills/ and athena-results/. database_prefix goes in front of each Glue database's name.
    """

    bucket: str
    workgroup: str
    database_prefix: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Environment:
        """Raises ConfigurationError naming the first variable that is missing."""
        return cls(
            bucket=required("OUTLAY_BUCKET", environ),
            workgroup=required("OUTLAY_WORKGROUP", environ),
            database_prefix=environ.get("OUTLAY_DATABASE_PREFIX", ""),
        )

    def database(self, name: str) -> str:
        """The Glue database that holds what sql/<name>/ declares."""
        return f"{self.database_prefix}{name}"

    def sql_name(self, full_name: str) -> str:
        """The relation database.name as SQL of this deployment names it, from whichever database it runs in."""
        database, _, name = full_name.partition(".")
        return relation(self.database(database), name)


def required(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The value of an environment variable. Raises ConfigurationError where it is missing or empty."""
    value = environ.get(name, "")
    if not value:
        raise ConfigurationError(
            f"environment variable {name} is not set; the stack sets it: deploy with `cdk deploy` rather than by hand"
        )
    return value
