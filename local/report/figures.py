"""The few figures that a report opens with, worded once for the page and the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from local.report.model import UNATTRIBUTED, Report

WEEK = 7
BASIS = "Billed is unblended cost with tax, fees and credits: what sum(cost_usd) gives."
"""What every amount is that does not say otherwise: on the page, in the terminal, and in a query of one's own."""


@dataclass(frozen=True)
class Figure:
    """A name, its value, and what the value means or compares to."""

    name: str
    value: str
    note: str


def figures(report: Report) -> tuple[Figure, ...]:
    """The report's headline figures; those whose data is missing are left out."""
    candidates = (
        _billed(report),
        _last_day(report),
        _month(report),
        _unattributed(report),
        _findings(report),
        _scans(report),
    )
    return tuple(figure for figure in candidates if figure)


def money(value: Decimal, places: int = 2) -> str:
    """Dollars as people write them: $1,234.56, the sign in front."""
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,.{places}f}"


def day_text(day: date) -> str:
    """A day such as 20 Nov."""
    return f"{day.day} {day:%b}"


def percent(share: Decimal) -> str:
    """A share of 1 in per cent, with a decimal where it is small."""
    return f"{share * 100:.{1 if abs(share) < Decimal('0.0995') else 0}f} %"


def _billed(report: Report) -> Figure:
    top = report.level("account/total")
    lines = sum(node.line_count for node in top.nodes) if top else 0
    return Figure(f"Billed in {len(report.days)} days", money(report.total), f"{lines:,} bill lines")


def _daily(report: Report) -> Sequence[Decimal]:
    """Billed cost of each day."""
    top = report.level("account/total")
    return top.nodes[0].daily_billed if top and top.nodes else ()


def _last_day(report: Report) -> Figure | None:
    daily, day = _daily(report), report.last_complete_day
    if not daily or day is None or day not in report.days:
        return None
    index = report.days.index(day)
    before = daily[index - WEEK] if index >= WEEK else Decimal(0)
    note = "the newest whole day"
    if before > 0:
        note = f"{'+' if daily[index] >= before else ''}{percent(daily[index] / before - 1)} on a week before"
    return Figure(f"Billed on {day_text(day)}", money(daily[index]), note)


def _month(report: Report) -> Figure | None:
    daily = _daily(report)
    if not daily:
        return None
    first = report.days[-1].replace(day=1)
    to_date = sum((cost for day, cost in zip(report.days, daily, strict=True) if day >= first), Decimal(0))
    previous = (first - timedelta(days=1)).replace(day=1)
    same = [c for d, c in zip(report.days, daily, strict=True) if previous <= d < first and d.day <= report.days[-1].day]
    whole = previous >= report.days[0]
    note = f"{money(sum(same, Decimal(0)))} by then in {previous:%B}" if whole and same else "month to date"
    return Figure(f"Billed in {report.days[-1]:%B}", money(to_date), note)


def _unattributed(report: Report) -> Figure | None:
    level = report.level("group/customer")
    if level is None or not report.total:
        return None
    cost = level.cost_of(UNATTRIBUTED)
    return Figure("Without a customer", percent(cost / report.total), f"{money(cost)}, tax and fees among it")


def _findings(report: Report) -> Figure:
    anomalies = [finding for finding in report.anomalies if finding.status == "open"]
    violations = [finding for finding in report.violations if finding.status == "open"]
    note = f"{_count(len(anomalies), 'anomaly', 'anomalies')}, {_count(len(violations), 'broken rule', 'broken rules')}"
    return Figure("Open findings", str(len(anomalies) + len(violations)), note)


def _scans(report: Report) -> Figure | None:
    if not report.scans:
        return None
    ok = sum(scan.status == "ok" for scan in report.scans)
    note = "all that were asked" if ok == len(report.scans) else f"{len(report.scans) - ok} did not; see coverage"
    return Figure("Scans that succeeded", f"{ok} of {len(report.scans)}", note)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
