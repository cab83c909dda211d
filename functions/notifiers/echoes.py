"""One spike shows at several nodes: its customer, its service, its account, the total. It is told at one, the finest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from notifiers.findings import Anomaly, Finding

FINEST_FIRST = ("customer", "service", "account", "total")
"""Levels of cost_anomalies, from those that name a cause best."""

LIKE = Decimal("0.6")
"""Two anomalies of one day are the same money where the smaller is at least this share of the larger."""


def without_echoes(findings: Sequence[Finding], told: Sequence[Finding] = ()) -> list[Finding]:
    """The findings in their order, less each anomaly whose money another one explains: one that was told, or a finer one."""
    explained = [finding for finding in told if isinstance(finding, Anomaly)]
    kept = set()
    anomalies = [finding for finding in findings if isinstance(finding, Anomaly)]
    for anomaly in sorted(anomalies, key=lambda found: (_coarseness(found.level), found.finding_id)):
        if not any(_is_same_money(anomaly, other) for other in explained):
            explained.append(anomaly)
            kept.add(anomaly.finding_id)
    return [finding for finding in findings if not isinstance(finding, Anomaly) or finding.finding_id in kept]


def _coarseness(level: str) -> int:
    return FINEST_FIRST.index(level) if level in FINEST_FIRST else 0


def _is_same_money(one: Anomaly, other: Anomaly) -> bool:
    if one.level == other.level:  # nodes of one level share no money
        return False
    if (one.usage_date, one.anomaly_type) != (other.usage_date, other.anomaly_type):
        return False
    small, large = sorted((abs(one.over_usd), abs(other.over_usd)))
    return small >= LIKE * large
