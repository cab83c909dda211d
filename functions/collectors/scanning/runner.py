"""Runs one collector over the configured accounts and their regions, for as long as there is time, and says what is left.

The accounts are cut into parts of ACCOUNTS_PER_PART, in their configured order; each part is one object of events and one of
outcomes, named by slot and part. Where the cuts fall depends on the accounts alone and never on the clock, so a run that is
repeated, continued twice or killed half-way writes the same objects again: nothing is doubled, nothing left over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.scanning.batch import Part
from collectors.scanning.discovery import load_collector
from collectors.scanning.member_role import MemberRole
from lake.configuration import Account, Configuration
from lake.errors import ConfigurationError, RetriableError
from lake.lake import Lake
from lake.outcomes import OK, SKIPPED, Outcome

ACCOUNTS_PER_PART = 25
"""Small enough to be scanned well within one function's time, large enough that objects stay few."""

PART_MS = 60_000
"""No further part is begun with less time left than this."""


class NothingCollectedError(RetriableError):
    """Every scan of a run failed, so it is not the accounts but the deployment that needs a look."""


@dataclass(frozen=True)
class Run:
    """What a run did. left are the ids of the accounts that next_part has to begin with; empty when all are done."""

    collector: str
    outcomes: tuple[Outcome, ...]
    left: tuple[str, ...]
    next_part: int

    @property
    def event_count(self) -> int:
        """Events that all scans brought."""
        return sum(outcome.event_count for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Scans that were denied, throttled or failed. A skipped one is meant to be."""
        return tuple(outcome for outcome in self.outcomes if outcome.status not in (OK, SKIPPED))

    @property
    def is_collected(self) -> bool:
        """Whether a scan went well."""
        return any(outcome.status == OK for outcome in self.outcomes)

    def raise_if_failed(self) -> None:
        """Raise NothingCollectedError where scans were tried and not one went well."""
        if self.failures and not self.is_collected:
            first = self.failures[0]
            raise NothingCollectedError(
                f"{self.collector}: none of {len(self.failures)} scans went well; the first, account {first.aws_account_id} "
                f"in {first.aws_region}, was {first.status}: {first.error_code}: {first.error_message}. "
                "collector_runs has them all"
            )


def run(
    collector_name: str,
    slot: datetime,
    part: int,
    account_ids: Sequence[str] | None,
    remaining_ms: Callable[[], int],
    lake: Lake,
    role: MemberRole,
) -> Run:
    """Scan the accounts (None: all that are configured), part by part, for as long as there is time; at least one part.

    Failed scans are outcomes, recorded and returned; they raise nothing here. Raises ConfigurationError for a collector,
    an account or regions that the configuration does not have.
    """
    collector = load_collector(collector_name)
    accounts = _accounts(lake.configuration, account_ids, is_continued=part > 0)
    outcomes: list[Outcome] = []
    done, slowest_ms = 0, 0.0
    while not done or (done < len(accounts) and remaining_ms() >= max(PART_MS, 1.5 * slowest_ms)):
        started = time.monotonic()
        cut = accounts[done : done + ACCOUNTS_PER_PART]
        outcomes += Part(collector_name, collector, slot, part, lake, remaining_ms).run(cut, role)
        slowest_ms = max(slowest_ms, (time.monotonic() - started) * 1000)
        done, part = done + ACCOUNTS_PER_PART, part + 1
    left = tuple(account.account_id for account in accounts[done:])
    return Run(collector_name, tuple(outcomes), left, part)


def _accounts(configuration: Configuration, account_ids: Sequence[str] | None, *, is_continued: bool) -> list[Account]:
    """The accounts by their ids (None: all), each with regions.

    A run that is continued goes on without the accounts that a deployment has taken out of the configuration meanwhile.
    """
    wanted = configuration.accounts
    if account_ids is not None and is_continued:
        wanted = tuple(filter(None, map(configuration.account, account_ids)))
    elif account_ids is not None:
        wanted = tuple(_account(configuration, account_id) for account_id in account_ids)
    for account in wanted:
        if account.enabled and not account.regions:
            raise ConfigurationError(
                f"config/accounts.yaml: account {account.account_id} has no regions; name some, or set enabled to false"
            )
    return list(wanted)


def _account(configuration: Configuration, account_id: str) -> Account:
    account = configuration.account(account_id)
    if account is None:
        raise ConfigurationError(
            f"event field accounts names {account_id!r}, which config/accounts.yaml does not have; add it there and deploy"
        )
    return account
