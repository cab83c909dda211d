"""Where a collector goes: whom a run visits, what each of them has to be scanned, and how a scan gets in.

A source of its own, such as Databricks, adds a scope beside its collectors: its owners are its workspaces or databases, and
enter opens its own client. The runner knows no scope by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lake.configuration import Account, Configuration
from lake.errors import ConfigurationError

if TYPE_CHECKING:
    from collectors.scanning.member_role import MemberRole

GLOBAL = "global"
"""Stands for the region in outcomes of scans that see all regions at once, and in events that have none of their own."""


@dataclass(frozen=True)
class Unit:
    """What one scan visits: its owner, and the region (or endpoint, or database) that it calls."""

    account: Account
    region: str
    sees_all_regions: bool = False

    @property
    def place(self) -> str:
        """The region of its outcome, and of events without one of their own."""
        return GLOBAL if self.sees_all_regions else self.region


class Access(Protocol):
    """Lets scans into what an owner has. Shared by the threads that scan it."""

    def session(self) -> Any:
        """What a scan calls the source with; a new one for each scan."""


@dataclass(frozen=True)
class CollectorScope:
    """How a run lists what it visits.

    owners(configuration, home) are whom it enters, each once; home is the lake's own account, in its own region.
    units(owner) are what is scanned there, and raise ConfigurationError where the owner's settings lack what a scan
    needs. enter(role, id) opens an owner.
    """

    name: str
    owners: Callable[[Configuration, Account], Sequence[Account]]
    units: Callable[[Account], Sequence[Unit]]
    enter: Callable[[MemberRole, str], Access] = lambda role, account_id: role.assume(account_id)


def _regions(account: Account) -> tuple[str, ...]:
    if account.enabled and not account.regions:
        raise ConfigurationError(
            f"config/accounts.yaml: account {account.account_id} has no regions; name some, or set enabled to false"
        )
    return account.regions


def _each_region(account: Account) -> list[Unit]:
    return [Unit(account, region) for region in _regions(account)]


def _whole_account(account: Account) -> list[Unit]:
    return [Unit(account, next(iter(_regions(account)), ""), sees_all_regions=True)]


REGION = CollectorScope("region", lambda configuration, home: configuration.accounts, _each_region)
"""Once in each region of each account: most of AWS."""

ACCOUNT = CollectorScope("account", lambda configuration, home: configuration.accounts, _whole_account)
"""Once an account, from the first of its regions: S3's buckets, IAM. Events say in which region their resource is."""

ORGANIZATION = CollectorScope("organization", lambda configuration, home: (home,), _whole_account)
"""Once a deployment, in the lake's own account: Organizations, price lists."""
