"""Findings that were told and that no view holds any longer: a restated bill or an edited rule undid or moved them.

Grain: finding_id. Source: notifications, held against budget_violations and cost_anomalies. A finding is named for its first
day, so one whose first day moved has another name: it is the one that was told before, and goes on under that name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from notifiers.findings import Finding
from notifiers.nodes import RunQuery
from notifiers.recent import RecentViews

MOST_SHIFT = timedelta(days=3)
"""How far a first day may move later, and the finding still be the one that was told."""

_TOLD = """select distinct finding_id, finding_type, channel, message_ts, summary
from notifications
where kind = 'opened'
    and notification_date >= current_date - interval '60' day"""
_STANDING = """
select finding_id from budget_violations
union all
select finding_id from cost_anomalies"""


@dataclass(frozen=True)
class Told:
    """A finding as it was announced. summary is the announcement in one line, escaped for Slack."""

    finding_id: str
    finding_type: str
    channel: str | None
    message_ts: str | None
    summary: str


def read_undone(read: RunQuery, findings: Sequence[Finding], recent: RecentViews) -> list[Told]:
    """What was told in the last 60 days and no view holds. The views are asked only where the findings lack something.

    What began before the recent days, or so close to their first that it may have moved there, is taken to stand.
    """
    present = {finding.finding_id for finding in findings}
    told = [Told(**row) for row in read(_TOLD) if row["finding_id"] not in present]
    told = [one for one in told if _first_day(one.finding_id) > recent.first_day + MOST_SHIFT]
    if not told:
        return []
    standing = {row["finding_id"] for row in read(recent.ctes("budget_violations", "cost_anomalies") + _STANDING)}
    return [one for one in told if one.finding_id not in standing]


def under_told_names(findings: Sequence[Finding], undone: Sequence[Told]) -> tuple[list[Finding], list[Told]]:
    """The findings, each that goes on from an undone one under its name; and the undone ones that none goes on from."""
    left = {told.finding_id: told for told in undone}
    named = []
    for finding in findings:
        earlier = next((name for name in sorted(left) if _goes_on_from(finding, name)), None)
        if earlier is None:
            named.append(finding)
        else:
            named.append(replace(finding, finding_id=earlier))
            del left[earlier]
    return named, list(left.values())


def _goes_on_from(finding: Finding, told_name: str) -> bool:
    if finding.finding_id.rpartition("/")[0] != told_name.rpartition("/")[0]:
        return False
    return _first_day(finding.finding_id) - MOST_SHIFT <= _first_day(told_name) <= finding.last_day


def _first_day(finding_id: str) -> date:
    """The first day, or for monthly rules the first of the month, that ends each finding's name."""
    return date.fromisoformat(finding_id.rpartition("/")[2])
