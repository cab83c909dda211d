"""What a user edits: config/*.yaml and exchange_rates.csv, checked as a whole before anything is synthesized.

`load_settings(folder)` gives Settings or raises ConfigurationError with one sentence: file, field, value, remedy. The part
that the functions need is shipped with them as config.json (`Settings.configuration_json`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.settings.checks import check
from infra.settings.exchange_rates import ExchangeRate, read_exchange_rates
from infra.settings.files import (
    AccountEntry,
    Accounts,
    Bills,
    Budgets,
    DeploymentSettings,
    Grouping,
    NotificationSettings,
)
from infra.settings.layers import regions_of_layers
from infra.settings.yaml_files import read_file, shown


@dataclass(frozen=True)
class Settings:
    """Every file of config/, validated."""

    deployment: DeploymentSettings
    accounts: tuple[AccountEntry, ...]
    grouping: Grouping
    budgets: Budgets
    bills: Bills
    notifications: NotificationSettings
    exchange_rates: tuple[ExchangeRate, ...] = ()

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Ids of the accounts that collectors visit, disabled ones too."""
        return tuple(account.account_id for account in self.accounts)

    def configuration_json(self) -> str:
        """What `lake.configuration.Configuration.from_json` reads. The same settings always give the same text."""
        content: dict[str, Any] = {
            "accounts": [account.model_dump(mode="json") for account in self.accounts],
            "grouping": self.grouping.model_dump(mode="json"),
            "bills": [bill.model_dump(mode="json", exclude={"payer_account", "create_export"}) for bill in self.bills.bills],
            "budgets": [rule.model_dump(mode="json") for rule in self.budgets.budgets],
            "notifications": self.notifications.model_dump(mode="json"),
            "exchange_rates": [asdict(rate) for rate in self.exchange_rates],
        }
        return json.dumps(content, indent=1, sort_keys=True)


def load_settings(folder: Path) -> Settings:
    """The settings of a configuration folder. Raises ConfigurationError for the first thing that is wrong."""
    deployment = read_file(folder, "deployment.yaml", DeploymentSettings)
    settings = Settings(
        deployment,
        _visited(read_file(folder, "accounts.yaml", Accounts), deployment),
        read_file(folder, "grouping.yaml", Grouping),
        read_file(folder, "budgets.yaml", Budgets),
        read_file(folder, "bills.yaml", Bills),
        read_file(folder, "notifications.yaml", NotificationSettings),
        read_exchange_rates(folder),
    )
    check(folder, settings)
    regions_of_layers(deployment.layers, deployment.region, shown(folder, "deployment.yaml"))
    return settings


def _visited(accounts: Accounts, deployment: DeploymentSettings) -> tuple[AccountEntry, ...]:
    """The accounts to visit, each with its regions; the deployment's own account where none is named."""
    entries = accounts.accounts
    if not entries and deployment.account:
        entries = (AccountEntry(account_id=deployment.account, name=deployment.name),)
    regions = accounts.regions or ((deployment.region,) if deployment.region else ())
    return tuple(entry if entry.regions else entry.model_copy(update={"regions": regions}) for entry in entries)
