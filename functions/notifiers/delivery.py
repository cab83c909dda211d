"""Decides what is said to whom, and sees to it that nothing is said twice.

A finding is announced once (`opened`), alone or in a digest, and answered once (`resolved`) in the same thread, if it was
announced. LOW_SPEND is never announced: spending less is no alarm, and cost_anomalies keeps it for who looks. What one
channel refuses stops only that channel; what was not sent stays new for the next run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from lake.configuration import Configuration
from lake.errors import OutlayError
from lake.slots import stable_id
from notifiers import messages
from notifiers.drivers import Driver
from notifiers.findings import OPEN, Anomaly, Finding, Violation
from notifiers.memory import Memory, Receipt
from notifiers.messages import Message
from notifiers.nodes import account_of
from notifiers.slack import MessageRefusedError, Slack
from notifiers.wording import Wording

OPENED, RESOLVED, DIGEST, DIGEST_MEMBER = "opened", "resolved", "digest", "digest_member"
INDIVIDUAL_MESSAGES = 20
"""New findings of one run that get a message each, the largest first; the rest share a digest."""
REPAIRED_FOR = timedelta(days=2)
"""How long a run makes sure that a message has its row in notifications."""
ROOM_TO_FINISH_MS = 30_000
"""With less time than this left, the rest is for the next run."""

Drivers = Callable[[Sequence[Finding]], dict[str, list[Driver]]]


@dataclass
class Result:
    """What a run did. failures are by channel (or by finding, for a message that Slack refused)."""

    sent: int = 0
    left: int = 0
    refused_blocks: list[str] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    failures: dict[str, OutlayError] = field(default_factory=dict)

    def raise_failures(self) -> None:
        """Raises OutlayError with every failure's sentence, if there is any."""
        if self.failures:
            raise OutlayError("; ".join(dict.fromkeys(map(str, self.failures.values()))))


class Delivery:
    """One run of the notifier. slack is made when there is something to say: an idle run needs no secret."""

    def __init__(
        self,
        configuration: Configuration,
        memory: Memory,
        slack: Callable[[], Slack],
        wording: Wording,
        remaining_ms: Callable[[], int],
    ) -> None:
        self._settings, self._memory, self._wording = configuration.notifications, memory, wording
        self._make_slack, self._remaining_ms = slack, remaining_ms
        self._slack: Slack | None = None
        self._result = Result()

    def run(self, findings: Sequence[Finding], drivers: Drivers) -> Result:
        """Say what is new about the findings, the largest first. Receipts are those of today's and earlier messages."""
        new, over = [], []
        for finding in findings:
            said = self._recall(finding, OPENED)
            if said is None and finding.status == OPEN and self._is_worth_telling(finding):
                new.append(finding)
            elif said is not None and finding.status != OPEN and self._recall(finding, RESOLVED) is None:
                over.append((finding, said))
        self._announce(new, drivers)
        for finding, said in over:
            self._close(finding, said)
        return self._result

    def _is_worth_telling(self, finding: Finding) -> bool:
        if isinstance(finding, Anomaly) and finding.anomaly_type != "HIGH_SPEND":
            return False
        muted = account_of(finding.level, finding.ancestor_id) in self._settings.muted_accounts
        return not muted and finding.over_usd >= self._settings.minimum_over_usd

    def _announce(self, new: Sequence[Finding], drivers: Drivers) -> None:
        digests: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        alone: list[Finding] = []
        crowd: dict[str, list[Finding]] = defaultdict(list)
        for finding in new:
            member = self._memory.recall(finding.finding_id, DIGEST_MEMBER)
            if member is not None:
                digests[member["digest_id"], member["channel"]].append(finding)
            elif len(alone) < INDIVIDUAL_MESSAGES:
                alone.append(finding)
            else:
                crowd[self._channel_of(finding)].append(finding)
        for channel, findings in crowd.items():
            for finding, digest_id in self._enrolled(findings, channel):
                digests[digest_id, channel].append(finding)
        causes = drivers(alone)
        for finding in alone:
            message = messages.opened(finding, causes.get(finding.finding_id, []), self._wording)
            self._tell(finding, OPENED, message, self._channel_of(finding))
        for (digest_id, channel), findings in digests.items():
            self._tell_together(digest_id, findings, channel)

    def _enrolled(self, findings: Sequence[Finding], channel: str) -> Iterator[tuple[Finding, str]]:
        """Findings with the digest that each belongs to for ever: a run killed half-way leaves none to be told twice."""
        named = {"digest_id": stable_id("digest", channel, *sorted(f.finding_id for f in findings)), "channel": channel}
        for finding in findings:
            member = self._memory.once(finding.finding_id, DIGEST_MEMBER, lambda: named)
            if member is not None and member["channel"] == channel:
                yield finding, member["digest_id"]

    def _tell_together(self, digest_id: str, findings: Sequence[Finding], channel: str) -> None:
        summary = messages.digest(findings, self._wording)
        told = self._attempt(channel, digest_id, DIGEST, lambda: self._post(summary, channel))
        if told is None:
            return
        for finding in findings:
            receipt = {**told, **self._about(finding, OPENED, messages.one_line(finding, self._wording))}
            self._keep(self._memory.once(finding.finding_id, OPENED, partial(dict, receipt)))

    def _close(self, finding: Finding, said: Receipt) -> None:
        message = messages.resolved(finding, self._wording)
        self._tell(finding, RESOLVED, message, said["channel"] or self._channel_of(finding), said["message_ts"])

    def _tell(self, finding: Finding, kind: str, message: Message, channel: str, thread_ts: str | None = None) -> None:
        def act() -> Receipt:
            return {**self._post(message, channel, thread_ts), **self._about(finding, kind, message.text)}

        self._keep(self._attempt(channel, finding.finding_id, kind, act))

    def _attempt(self, channel: str, subject: str, kind: str, act: Callable[[], Receipt]) -> Receipt | None:
        """Do it once, unless its channel has failed in this run or too little time is left. None where it stays undone."""
        if channel in self._result.failures or self._remaining_ms() < ROOM_TO_FINISH_MS:
            self._result.left += 1
            return None
        try:
            return self._memory.once(subject, kind, act)
        except MessageRefusedError as error:
            self._result.failures[subject] = error
        except OutlayError as error:
            self._result.failures[channel] = error
        return None

    def _post(self, message: Message, channel: str, thread_ts: str | None = None) -> Receipt:
        """Post it; as its plain line where Slack refuses the blocks, since a finding matters more than its looks."""
        self._slack = slack = self._slack or self._make_slack()
        thread_ts = thread_ts if slack.threads else None
        try:
            posted = slack.post(message, channel, thread_ts)
        except MessageRefusedError:
            self._result.refused_blocks.append(message.text)
            posted = slack.post(Message(message.text, ()), channel, thread_ts)
        self._result.sent += 1
        return {
            "sent_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "channel": posted.channel,
            "message_ts": posted.ts,
            "thread_ts": thread_ts,
        }

    def _about(self, finding: Finding, kind: str, summary: str) -> Receipt:
        return {
            "finding_id": finding.finding_id,
            "finding_type": finding.finding_type,
            "kind": kind,
            "summary": summary,
        }

    def _channel_of(self, finding: Finding) -> str:
        owner = finding.owner if isinstance(finding, Violation) else None
        return owner or self._settings.default_channel

    def _recall(self, finding: Finding, kind: str) -> Receipt | None:
        receipt = self._memory.recall(finding.finding_id, kind)
        if receipt and datetime.fromisoformat(receipt["sent_at"]) > datetime.now(UTC) - REPAIRED_FOR:
            self._keep(receipt)
        return receipt

    def _keep(self, receipt: Receipt | None) -> None:
        if receipt is not None:
            self._result.receipts.append(receipt)
