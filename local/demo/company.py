"""Harbor, a company that runs search clusters for its customers: three accounts, three regions, about 2,000 resources.

Everything follows from a seed and the last day of the bill; the same two give the same company, to the last id.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from local.demo import fleet
from local.demo.resources import Address, DemoResource, Instance, NatGateway, Volume

DAYS = 60
SPIKE_DAYS_BEFORE_END = 3
SEED = 20


@dataclass(frozen=True)
class DemoAccount:
    """One of the company's AWS accounts. The first is the central one: it holds the lake and pays the bill."""

    account_id: str
    name: str
    role: str


ACCOUNTS = (
    DemoAccount("111111111111", "Harbor platform", "staging"),
    DemoAccount("222222222222", "Harbor production", "production"),
    DemoAccount("333333333333", "Harbor data", "data"),
)
CENTRAL = ACCOUNTS[0]


@dataclass(frozen=True)
class Company:
    """The company as it stands on last_day; its bill covers first_day to last_day, and last_day only in part."""

    last_day: date
    seed: int
    resources: tuple[DemoResource, ...]

    @property
    def first_day(self) -> date:
        """First day of the bill."""
        return self.last_day - timedelta(days=DAYS - 1)

    @property
    def spike_day(self) -> date:
        """The day on which one customer's traffic began to leave through the NAT gateway; it has not stopped since."""
        return self.last_day - timedelta(days=SPIKE_DAYS_BEFORE_END)

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the bill."""
        return tuple(self.first_day + timedelta(days=offset) for offset in range(DAYS))

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """EC2 instances, running and stopped."""
        return tuple(r for r in self.resources if isinstance(r, Instance))

    @cached_property
    def volumes(self) -> tuple[Volume, ...]:
        """EBS volumes, attached and not."""
        return tuple(r for r in self.resources if isinstance(r, Volume))

    @cached_property
    def nat_gateways(self) -> tuple[NatGateway, ...]:
        """NAT gateways; one of them carries the spike."""
        return tuple(r for r in self.resources if isinstance(r, NatGateway))

    @cached_property
    def addresses(self) -> tuple[Address, ...]:
        """Elastic IP addresses, in use and idle."""
        return tuple(r for r in self.resources if isinstance(r, Address))


def build_company(last_day: date | None = None, seed: int = SEED) -> Company:
    """The company whose bill ends on last_day (by default today, UTC)."""
    day = last_day or datetime.now(UTC).date()
    return Company(day, seed, tuple(fleet.build(random.Random(seed), [a.account_id for a in ACCOUNTS])))  # noqa: S311
