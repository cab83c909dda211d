"""Reference tables: which tables the schema step fills with rows that a deployment brings, and with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from lake.catalog import Catalog, ReferenceRow
from lake.column_text import value_of
from lake.configuration import Configuration
from lake.relations import Table

Rows = list[dict[str, Any]]


def _account_settings(configuration: Configuration, role_arn: str) -> Rows:
    return [
        {
            "aws_account_id": account.account_id,
            "account_name": account.name,
            "account_role": account.role,
            "role_arn": role_arn.format(account_id=account.account_id),
            "regions": list(account.regions),
            "enabled": account.enabled,
        }
        for account in configuration.accounts
    ]


def _budget_rules(configuration: Configuration, role_arn: str) -> Rows:
    return [asdict(rule) for rule in configuration.budgets]


FROM_CONFIGURATION: Mapping[str, Callable[[Configuration, str], Rows]] = {
    "outlay.account_settings": _account_settings,
    "outlay.budget_rules": _budget_rules,
}
"""By full name, how config/ fills a table: rows from the configuration and the pattern of the members' role."""


def reference_tables(catalog: Catalog, configuration: Configuration, role_arn: str) -> dict[str, Rows]:
    """Every reference table by full name, with all its rows, in the order of the names: from config/ or from a CSV of sql/.

    role_arn is the pattern of the members' role, with {account_id}.
    """
    found = {name: rows_of(configuration, role_arn) for name, rows_of in FROM_CONFIGURATION.items()}
    found |= {name: _typed(catalog.table(name), rows) for name, rows in catalog.reference_rows.items()}
    return dict(sorted(found.items()))


def _typed(table: Table, rows: Iterable[ReferenceRow]) -> Rows:
    kinds = {column.name: column.type for column in table.columns}
    return [{name: None if text is None else value_of(text, kinds[name]) for name, text in row.items()} for row in rows]
