"""Checks between the settings: names that must be unique, and references from one file to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infra.settings.files import LEVELS, AccountEntry, BillEntry, BudgetEntry, known_regions
from infra.settings.yaml_files import shown
from lake.errors import ConfigurationError

if TYPE_CHECKING:
    from infra.settings.load import Settings

INCOMING = "bills/"
"""Prefix of the lake's bucket under which bills are delivered."""


def check(folder: Path, settings: Settings) -> None:
    """Raise ConfigurationError for the first setting that does not fit the others."""
    known = set(settings.account_ids)
    _check_accounts(shown(folder, "accounts.yaml"), settings.accounts)
    file, rules = shown(folder, "budgets.yaml"), settings.budgets.budgets
    _unique(file, "budgets", "rule_id", [rule.rule_id for rule in rules])
    for index, rule in enumerate(rules):
        _check_rule(f"{file}: budgets[{index}]", rule, known)
    _check_bills(shown(folder, "bills.yaml"), settings.bills.bills, known)
    file = shown(folder, "notifications.yaml")
    for index, muted in enumerate(settings.notifications.muted_accounts):
        _known_account(f"{file}: muted_accounts[{index}]", muted, known)


def _check_accounts(file: str, accounts: Sequence[AccountEntry]) -> None:
    if not accounts:
        raise ConfigurationError(
            f"{file}: accounts is empty and deployment.yaml names no account; name an account in either"
        )
    _unique(file, "accounts", "account_id", [account.account_id for account in accounts])
    for index, account in enumerate(accounts):
        if not account.regions:
            raise ConfigurationError(
                f"{file}: accounts[{index}].regions is blank for {account.account_id}; "
                "name its regions, or regions for all at the top of the file"
            )


def _check_rule(where: str, rule: BudgetEntry, known: set[str]) -> None:
    levels = LEVELS[rule.dimension]
    if rule.level not in levels:
        raise ConfigurationError(
            f"{where}.level is {rule.level!r}; the dimension {rule.dimension} has the levels {', '.join(levels)}"
        )
    if rule.ancestor_id is None or rule.dimension != "account":
        return
    # Other providers' sub-accounts are not 12 digits; they are known only once their bill has come.
    account, _, region = rule.ancestor_id.partition("/")
    if rule.level in ("account", "region") and account.isdigit() and len(account) == 12:
        _known_account(f"{where}.ancestor_id", account, known)
        if rule.level == "region" and region not in known_regions():
            raise ConfigurationError(
                f"{where}.ancestor_id is {rule.ancestor_id!r}; a region is written account/region, "
                f"such as {account}/us-east-1"
            )


def _check_bills(file: str, bills: Sequence[BillEntry], known: set[str]) -> None:
    _unique(file, "bills", "name", [bill.name for bill in bills])
    seen: dict[str, str] = {}
    for index, bill in enumerate(bills):
        if bill.payer_account:
            _known_account(f"{file}: bills[{index}].payer_account", bill.payer_account, known)
        if bill.bucket is None and not bill.prefix.startswith(INCOMING):
            raise ConfigurationError(
                f"{file}: bills[{index}].prefix is {bill.prefix!r}; in the lake's own bucket bills lie under {INCOMING}, "
                f"such as {INCOMING}{bill.name}/"
            )
        place = f"{bill.bucket or ''}/{bill.prefix}"
        for name, other in seen.items():
            if place.startswith(other) or other.startswith(place):
                raise ConfigurationError(
                    f"{file}: bills[{index}].prefix is {bill.prefix!r}, which overlaps that of the bill {name!r}; "
                    "give each bill a prefix of its own, or its charges count twice"
                )
        seen[bill.name] = place


def _known_account(where: str, account: str, known: Iterable[str]) -> None:
    if account not in known:
        raise ConfigurationError(
            f"{where} is {account!r}, an account that accounts.yaml does not name; "
            f"add it there or use one of {', '.join(sorted(known))}"
        )


def _unique(file: str, items: str, field: str, values: Sequence[str]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ConfigurationError(
                f"{file}: {items}[{index}].{field} is {value!r}, as {items}[{values.index(value)}].{field} is; "
                "give each its own"
            )
