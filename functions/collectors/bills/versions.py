"""Versions of a delivery: what its rows are made from. Another version is read again, the same one never.

Only settings that its rows carry count: those of the accounts that occur in it, and the rates of its currencies. Which these
are is known once it has been read; a parameter of its first partition keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from collectors.bills.deliveries import Delivery
from lake.configuration import Configuration

MAPPING_VERSION = 2
"""Raise it when a mapping gives other rows for the same bill: every delivery is then read again."""

MOST_CHARACTERS = 200_000
"""Of the accounts in a parameter, which Glue takes up to 512,000 of; a delivery with more depends on every account."""


@dataclass(frozen=True)
class Dependencies:
    """Which settings the rows of a delivery carry. accounts None: those of every account."""

    accounts: Collection[str] | None = None
    currencies: Collection[str] = ()

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """What to_text wrote; every account where nothing was."""
        return cls(**json.loads(text)) if text else cls()

    def to_text(self) -> str:
        """As a partition's parameter holds it."""
        accounts = None if self.accounts is None else sorted(self.accounts)
        text = json.dumps({"accounts": accounts, "currencies": sorted(self.currencies)}, separators=(",", ":"))
        return (
            text if len(text) <= MOST_CHARACTERS else json.dumps({"accounts": None, "currencies": sorted(self.currencies)})
        )


def version_of(delivery: Delivery, configuration: Configuration, carried: Dependencies) -> str:
    """What a delivery's rows are made from: its objects, the mapping, and the settings that they carry."""
    carried = Dependencies.from_text(carried.to_text())
    accounts = [
        (account.account_id, account.role, sorted(account.defaults.items()))
        for account in configuration.accounts
        if carried.accounts is None or account.account_id in carried.accounts
    ]
    rates = [
        (month, currency, str(rate))
        for (month, currency), rate in sorted(configuration.exchange_rates.items())
        if currency in carried.currencies
    ]
    made_from = [
        delivery.key,
        delivery.bill.format,
        sorted(delivery.etags.items()),
        delivery.own.modified.isoformat(),
        MAPPING_VERSION,
        sorted(configuration.grouping.items()),
        sorted(accounts, key=str),
        rates,
    ]
    return hashlib.sha256(json.dumps(made_from, default=list).encode()).hexdigest()[:32]
