"""Events: what collectors yield. Importing this imports nothing heavy, for synth and for cold starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from collectors.scanning.scope import Unit
from lake.configuration import Account


@dataclass(slots=True)
class Event:
    """One fact about one resource, as a scan found it. Times are aware UTC; value is in unit.

    event_time None is the slot's; region None is that of the scan.
    """

    resource_type: str
    resource_id: str
    resource_arn: str
    event_action: str = "observed"
    event_time: datetime | None = None
    resource_name: str | None = None
    region: str | None = None
    value: Decimal | int | None = None
    unit: str | None = None
    actor_arn: str | None = None
    actor_name: str | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """One scan of a run: which collector visits what, for which slot. Each of its events is stamped with it."""

    collector: str
    event_type: str
    slot: datetime
    unit: Unit

    @property
    def account(self) -> Account:
        """Whose resources it scans."""
        return self.unit.account

    @property
    def account_id(self) -> str:
        """The id of the account that it scans."""
        return self.unit.account.account_id

    @property
    def region(self) -> str:
        """The region that it calls."""
        return self.unit.region
