"""One run of the notifier: read the findings, say what is new, keep the rows of notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import boto3

from lake.clients import CLIENT_CONFIG
from lake.lake import Lake
from notifiers.announcer import Announced, Announcer
from notifiers.drivers import read_drivers
from notifiers.findings import read_findings
from notifiers.nodes import RunQuery
from notifiers.notification_rows import NotificationRows
from notifiers.receipts import Receipts
from notifiers.recent import recent_views
from notifiers.slack import Slack
from notifiers.undone import read_undone, under_told_names
from notifiers.wording import Wording

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """What a run works with. read queries the lake; slack is called once there is something to say."""

    lake: Lake
    read: RunQuery
    slack: Callable[[], Slack]
    memory_table: str
    session: boto3.Session

    def run(self, context: LambdaContext) -> Announced:
        """Raises QueryError where findings cannot be read; what Slack refused is in the result."""
        delivery = Announcer(
            self.lake.configuration,
            Receipts(self.memory_table, context, self.session.client("dynamodb", config=CLIENT_CONFIG)),
            self.slack,
            self._wording(),
            context.get_remaining_time_in_millis,
        )
        recent = recent_views(self.read, self.lake)
        findings = read_findings(self.read, recent)
        findings, undone = under_told_names(findings, read_undone(self.read, findings, recent))
        result = delivery.run(findings, undone, partial(read_drivers, self.read))
        NotificationRows(self.lake).write(result.receipts)
        return result

    def _wording(self) -> Wording:
        return Wording(
            region=self.session.region_name or "us-east-1",
            database=self.lake.environment.database("outlay"),
            account_names={account.account_id: account.name for account in self.lake.configuration.accounts},
        )
