"""The user's configuration as the functions see it: config/*.yaml, validated at synth and shipped as config.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

CONFIG_FILE = "config.json"
GROUPS = ("customer", "cluster", "index_name", "env", "purpose")


@dataclass(frozen=True)
class Account:
    """An AWS account that collectors visit. defaults give groups to what no tag places."""

    account_id: str
    name: str
    role: str | None = None
    regions: tuple[str, ...] = ()
    enabled: bool = True
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bill:
    """Where one provider's bill is delivered.

    format is the name of a module of collectors.bills.formats. prefix ends with a slash; bucket None: the lake's own. A bill
    whose newest delivery is older than max_age_days is overdue; None: as its format says.
    """

    name: str
    format: str
    prefix: str
    bucket: str | None = None
    max_age_days: int | None = None


@dataclass(frozen=True)
class BudgetRule:
    """One row of the table budget_rules; see its columns."""

    rule_id: str
    description: str
    dimension: str
    level: str
    ancestor_id: str | None
    period: str
    limit_usd: Decimal
    cost_type: str
    severity: str
    owner: str | None


@dataclass(frozen=True)
class Notifications:
    """Where findings go: a rule's owner, else default_channel.

    Findings under minimum_over_usd or of muted accounts are not sent.
    """

    default_channel: str
    minimum_over_usd: Decimal = Decimal(0)
    muted_accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """Everything that a user edits and a function needs. grouping maps each group to its tag keys, first match wins.

    exchange_rates are US dollars for one unit, by month (2026-11) and currency (EUR).
    """

    accounts: tuple[Account, ...]
    grouping: Mapping[str, tuple[str, ...]]
    bills: tuple[Bill, ...]
    budgets: tuple[BudgetRule, ...]
    notifications: Notifications
    exchange_rates: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)

    def account(self, account_id: str) -> Account | None:
        """The configured account with that id; None where the configuration does not name it."""
        return next((account for account in self.accounts if account.account_id == account_id), None)

    @classmethod
    def from_json(cls, text: str) -> Configuration:
        """The configuration that the stack wrote; money is written as strings."""
        raw: dict[str, Any] = json.loads(text)
        told = raw["notifications"]
        return cls(
            accounts=tuple(Account(**{**a, "regions": tuple(a.get("regions", ()))}) for a in raw["accounts"]),
            grouping={group: tuple(raw["grouping"].get(group, ())) for group in GROUPS},
            bills=tuple(Bill(**bill) for bill in raw["bills"]),
            budgets=tuple(BudgetRule(**{**r, "limit_usd": Decimal(r["limit_usd"])}) for r in raw["budgets"]),
            notifications=Notifications(
                default_channel=told["default_channel"],
                minimum_over_usd=Decimal(told.get("minimum_over_usd", "0")),
                muted_accounts=tuple(told.get("muted_accounts", ())),
            ),
            exchange_rates={
                (rate["month"], rate["currency"]): Decimal(rate["usd_per_unit"]) for rate in raw.get("exchange_rates", ())
            },
        )


def load_configuration(folder: Path | None = None) -> Configuration:
    """The configuration shipped in folder (by default beside the functions' packages)."""
    path = (folder or Path(__file__).resolve().parent.parent) / CONFIG_FILE
    return Configuration.from_json(path.read_text(encoding="utf-8"))
