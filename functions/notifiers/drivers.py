"""Drivers: what made a finding's node cost more than in the days before.

Grain: finding_id, account, service, usage type; the largest increases first, five a finding. Money in USD, of the same
kind of cost and over the same days as the finding's own amounts. Source: cost_node_resources, in one query for all findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from notifiers.drivers_query import drivers_query
from notifiers.findings import Finding
from notifiers.nodes import RunQuery


@dataclass(frozen=True)
class Driver:
    """An increase: cost_usd less before_usd, what as many days cost on average in the days before the window.

    resource_arn is the resource that grew most within it, by resource_increase_usd; None where none grew or has a name.
    """

    aws_account_id: str | None
    service: str | None
    usage_type: str | None
    cost_usd: Decimal
    before_usd: Decimal
    resource_arn: str | None = None
    resource_increase_usd: Decimal | None = None

    @property
    def increase_usd(self) -> Decimal:
        """How much more than before, USD."""
        return self.cost_usd - self.before_usd


def read_drivers(read: RunQuery, findings: Sequence[Finding]) -> dict[str, list[Driver]]:
    """The drivers of each finding by its id, the largest increase first. Asks nothing where there are no findings."""
    drivers: dict[str, list[Driver]] = defaultdict(list)
    if findings:
        for row in read(drivers_query(findings)):
            drivers[row["finding_id"]].append(_driver(row))
    return {finding_id: sorted(found, key=lambda driver: -driver.increase_usd) for finding_id, found in drivers.items()}


def _driver(row: Mapping[str, Any]) -> Driver:
    return Driver(
        aws_account_id=row["aws_account_id"],
        service=row["service"],
        usage_type=row["usage_type"],
        cost_usd=row["cost_usd"],
        before_usd=row["before_usd"],
        resource_arn=row["resource_arn"],
        resource_increase_usd=row["resource_increase_usd"],
    )
