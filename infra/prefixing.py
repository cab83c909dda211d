"""Puts the deployment's database prefix in front of the databases that SQL names: what is deployed runs as it stands."""

from __future__ import annotations

from dataclasses import replace

import sqlglot
from sqlglot import exp

from lake.catalog import Catalog


def with_database_prefix(catalog: Catalog, prefix: str) -> Catalog:
    """The catalog whose rollups, views and saved queries name databases as the deployment calls them.

    Names without a database stay as they are: each statement runs in its own relation's database.
    """
    if not prefix:
        return catalog
    return replace(
        catalog,
        rollups=tuple(replace(rollup, sql=prefixed(rollup.sql, prefix)) for rollup in catalog.rollups),
        views=tuple(replace(view, sql=prefixed(view.sql, prefix)) for view in catalog.views),
        queries=tuple(replace(query, sql=prefixed(query.sql, prefix)) for query in catalog.queries),
    )


def prefixed(sql: str, prefix: str) -> str:
    """The statement with prefix in front of every database that it names; nothing else of its text changes."""
    databases = (found.args.get("db") for found in sqlglot.parse_one(sql, read="athena").find_all(exp.Table, exp.Column))
    positions = {database.meta["start"] for database in databases if isinstance(database, exp.Identifier)}
    for start in sorted(positions, reverse=True):
        at = start + 1 if sql[start] == '"' else start
        sql = sql[:at] + prefix + sql[at:]
    return sql
