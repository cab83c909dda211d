"""Runs one collector over all that its scope lists, for as long as there is time, and says what is left.

The accounts (or other owners) are cut into parts of ACCOUNTS_PER_PART, in their configured order; each part is an object
of events for each day and one of outcomes, named by slot and part. Where the cuts fall depends on the accounts alone and
never on the clock, so a run that is repeated, continued twice or killed half-way writes the same objects again: nothing
is doubled, nothing left over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.scanning.discovery import load_collector
from collectors.scanning.member_role import MemberRole
from collectors.scanning.part import Part
from collectors.scanning.scope import CollectorScope
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
    def tried(self) -> int:
        """Scans that were made: all but the skipped ones."""
        return sum(outcome.status != SKIPPED for outcome in self.outcomes)

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
    owner_ids: Sequence[str] | None,
    remaining_ms: Callable[[], int],
    lake: Lake,
    role: MemberRole,
    home: Account,
) -> Run:
    """Scan all that the collector's scope lists, part by part, for as long as there is time; at least one part.

    owner_ids: the accounts (or other owners) to scan; None is all. home is the lake's own account, in its own region.
    Failed scans are outcomes, recorded and returned; they raise nothing here. Raises ConfigurationError for a collector,
    an owner or regions that the configuration does not have.
    """
    collector = load_collector(collector_name)
    owners = _owners(collector.scope, lake.configuration, home, owner_ids, is_continued=part > 0)
    outcomes: list[Outcome] = []
    done, slowest_ms = 0, 0.0
    while not done or (done < len(owners) and remaining_ms() >= max(PART_MS, 1.5 * slowest_ms)):
        started = time.monotonic()
        cut = owners[done : done + ACCOUNTS_PER_PART]
        outcomes += Part(collector_name, collector, slot, part, lake, remaining_ms).run(cut, role)
        slowest_ms = max(slowest_ms, (time.monotonic() - started) * 1000)
        done, part = done + ACCOUNTS_PER_PART, part + 1
    left = tuple(owner.account_id for owner in owners[done:])
    return Run(collector_name, tuple(outcomes), left, part)


def _owners(
    scope: CollectorScope,
    configuration: Configuration,
    home: Account,
    owner_ids: Sequence[str] | None,
    *,
    is_continued: bool,
) -> list[Account]:
    """The owners by their ids (None: all), each with all that its scans need to know.

    A run that is continued goes on without the owners that a deployment has taken out of the configuration meanwhile.
    """
    listed = scope.owners(configuration, home)
    if owner_ids is None:
        wanted = list(listed)
    else:
        by_id = {owner.account_id: owner for owner in listed}
        wanted = [_known(by_id, owner_id) for owner_id in owner_ids if owner_id in by_id or not is_continued]
    for owner in wanted:
        scope.units(owner)  # what an owner's settings lack is told before anything is scanned
    return wanted


def _known(owners: Mapping[str, Account], owner_id: str) -> Account:
    if owner_id not in owners:
        raise ConfigurationError(
            f"event field accounts names {owner_id!r}, which config/accounts.yaml does not have; add it there and deploy"
        )
    return owners[owner_id]
