"""Decides what is said to whom, and sees to it that nothing is said twice.

A finding is announced once (`opened`), alone or in a digest, even if it is over already. Then it is answered in the same
thread: `resolved` when it is over, `withdrawn` when it no longer holds, `reopened` when a restated bill brings it back; each
once. LOW_SPEND is never announced: spending less is no alarm, and cost_anomalies keeps it for who looks. What one channel
refuses stops only that channel; what was not sent stays new for the next run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from lake.configuration import Configuration
from lake.errors import OutlayError
from lake.ids import stable_id
from notifiers import messages
from notifiers.drivers import Driver
from notifiers.echoes import without_echoes
from notifiers.findings import OPEN, Anomaly, Finding, Violation
from notifiers.messages import Message
from notifiers.nodes import account_of_node
from notifiers.receipts import Receipt, Receipts
from notifiers.slack import MessageRefusedError, Slack
from notifiers.undone import Told
from notifiers.wording import Wording

OPENED, RESOLVED, WITHDRAWN, REOPENED = "opened", "resolved", "withdrawn", "reopened"
DIGEST, DIGEST_MEMBER = "digest", "digest_member"
INDIVIDUAL_MESSAGES = 20
"""New findings of one run that get a message each, the largest first; the rest share a digest."""
REPAIRED_FOR = timedelta(days=2)
"""How long a run makes sure that a message has its row in notifications."""
ROOM_TO_FINISH_MS = 30_000
"""With less time than this left, the rest is for the next run."""

Drivers = Callable[[Sequence[Finding]], dict[str, list[Driver]]]


@dataclass
class Announced:
    """What a run did. failures are by channel; by finding for a message that Slack refused; or of the drivers' query."""

    sent: int = 0
    left: int = 0
    refused_blocks: list[str] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    failures: dict[str, OutlayError] = field(default_factory=dict)

    def raise_failures(self) -> None:
        """Raises OutlayError with every failure's sentence, if there is any."""
        if self.failures:
            raise OutlayError("; ".join(dict.fromkeys(map(str, self.failures.values()))))


class Announcer:
    """One run of the notifier. slack is made when there is something to say: an idle run needs no secret."""

    def __init__(
        self,
        configuration: Configuration,
        memory: Receipts,
        slack: Callable[[], Slack],
        wording: Wording,
        remaining_ms: Callable[[], int],
    ) -> None:
        self._settings, self._memory, self._wording = configuration.notifications, memory, wording
        self._make_slack, self._remaining_ms = slack, remaining_ms
        self._slack: Slack | None = None
        self._result = Announced()

    def run(self, findings: Sequence[Finding], undone: Sequence[Told], drivers: Drivers) -> Announced:
        """Say what is new about the findings, the largest first. Receipts are those of today's and earlier messages."""
        receipts = {finding.finding_id: self._recall(finding.finding_id, OPENED) for finding in findings}
        new = [found for found in findings if receipts[found.finding_id] is None and self._is_worth_telling(found)]
        told = [found for found in findings if receipts[found.finding_id] is not None]
        self._announce(without_echoes(new, told), drivers)
        for finding in findings:
            said = receipts[finding.finding_id] or (
                None if finding.status == OPEN else self._recall(finding.finding_id, OPENED)
            )
            if said is not None:
                self._answer(finding, said)
        for told_before in undone:
            self._withdraw(told_before)
        return self._result

    def _is_worth_telling(self, finding: Finding) -> bool:
        if isinstance(finding, Anomaly) and finding.anomaly_type != "HIGH_SPEND":
            return False
        if not finding.is_news:
            return False
        muted = account_of_node(finding.level, finding.ancestor_id) in self._settings.muted_accounts
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
        causes = self._causes(alone, drivers)
        for finding in alone:
            own_causes = None if causes is None else causes.get(finding.finding_id, [])
            message = messages.opened(finding, own_causes, self._wording)
            self._tell(finding, OPENED, message, self._channel_of(finding))
        for (digest_id, channel), findings in digests.items():
            self._tell_together(digest_id, findings, channel)

    def _causes(self, findings: Sequence[Finding], drivers: Drivers) -> dict[str, list[Driver]] | None:
        """The findings' drivers; None where they cannot be read, which keeps no finding from being told."""
        try:
            return drivers(findings)
        except OutlayError as error:
            self._result.failures["drivers"] = error
            return None

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

    def _answer(self, finding: Finding, said: Receipt) -> None:
        """Say in the thread of the announcement that the finding is over, or open again after that was said."""
        closed = any(self._recall(finding.finding_id, kind) for kind in (RESOLVED, WITHDRAWN))
        if finding.status == OPEN and closed:
            kind, message = REOPENED, messages.reopened(finding, self._wording)
        elif finding.status != OPEN:
            kind, message = RESOLVED, messages.resolved(finding, self._wording)
        else:
            return
        if self._recall(finding.finding_id, kind) is None:
            self._tell(finding, kind, message, said["channel"] or self._channel_of(finding), said["message_ts"])

    def _withdraw(self, told: Told) -> None:
        if any(self._recall(told.finding_id, kind) for kind in (RESOLVED, WITHDRAWN)):
            return
        self._tell(
            told,
            WITHDRAWN,
            messages.withdrawn_message(told.summary),
            told.channel or self._settings.default_channel,
            told.message_ts,
        )

    def _tell(
        self, finding: Finding | Told, kind: str, message: Message, channel: str, thread_ts: str | None = None
    ) -> None:
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

    def _about(self, finding: Finding | Told, kind: str, summary: str) -> Receipt:
        return {
            "finding_id": finding.finding_id,
            "finding_type": finding.finding_type,
            "kind": kind,
            "summary": summary,
        }

    def _channel_of(self, finding: Finding) -> str:
        owner = finding.owner if isinstance(finding, Violation) else None
        return owner or self._settings.default_channel

    def _recall(self, finding_id: str, kind: str) -> Receipt | None:
        receipt = self._memory.recall(finding_id, kind)
        if receipt and datetime.fromisoformat(receipt["sent_at"]) > datetime.now(UTC) - REPAIRED_FOR:
            self._keep(receipt)
        return receipt

    def _keep(self, receipt: Receipt | None) -> None:
        if receipt is not None:
            self._result.receipts.append(receipt)
