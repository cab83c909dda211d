"""What the page's scripts read: the report, made small. Money is a number where it is drawn, text where it must be exact."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from local.report.charges import charge_usd, scanned_bytes
from local.report.figures import BASIS, Figure, figures, money
from local.report.model import AnomalyRow, Level, Report, ViolationRow
from local.report.plain import short_arn
from notifiers.drivers import Driver


def page_data(report: Report) -> dict[str, Any]:
    """The page's data as JSON types."""
    return {
        "title": report.title,
        "generated_at": report.generated_at.strftime("%Y-%m-%d %H:%M"),
        "days": [str(day) for day in report.days],
        "last_complete_day": report.last_complete_day and str(report.last_complete_day),
        "accounts": dict(report.account_names),
        "total": _number(report.total),
        "basis": BASIS,
        "figures": [_figure(figure) for figure in figures(report)],
        "levels": [_level(level) for level in report.levels],
        "anomalies": [_anomaly(finding) for finding in report.anomalies],
        "violations": [_violation(finding) for finding in report.violations],
        "scans": [
            {
                "collector": scan.collector,
                "account": scan.account_id,
                "region": scan.region,
                "status": scan.status,
                "count": scan.event_count,
                "at": str(scan.at),
                "error": scan.error,
            }
            for scan in report.scans
        ],
        "resources": [
            {
                "arn": resource.arn,
                "type": resource.resource_type,
                "name": resource.name,
                "account": resource.account_id,
                "region": resource.region,
                "customer": resource.customer,
                "state": resource.state,
                "billed": _number(resource.billed_usd),
            }
            for resource in report.resources
        ],
        "customers": [
            {
                "customer": cost.customer,
                "cluster": cost.cluster,
                "service": cost.service,
                "billed": _number(cost.billed_usd),
                "amortized": _number(cost.amortized_usd),
            }
            for cost in report.customers
        ],
        "inventory": [
            {"type": item.resource_type, "state": item.state, "account": item.account_id, "count": item.count}
            for item in sorted(report.inventory, key=lambda item: -item.count)
        ],
        "ties": _ties(report),
        "footer": _footer(report),
    }


def exact(value: Decimal) -> str:
    """Money in full: every digit that is there, and no zeros behind them."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _figure(figure: Figure) -> dict[str, str]:
    return {"name": figure.name, "value": figure.value, "note": figure.note}


def _level(level: Level) -> dict[str, Any]:
    return {
        "key": level.key,
        "level": level.level,
        "series": [
            {
                "id": node.id,
                "billed": _numbers(node.daily_billed),
                "amortized": _numbers(node.daily_amortized),
                "usage": _numbers(node.daily_usage),
            }
            for node in level.nodes
            if node.daily_billed
        ],
        "other": {
            "billed": _numbers(level.other_billed),
            "amortized": _numbers(level.other_amortized),
            "usage": _numbers(level.other_usage),
        },
        "nodes": [[node.id, _number(node.billed_usd), _number(node.amortized_usd), node.line_count] for node in level.nodes],
    }


def _anomaly(finding: AnomalyRow) -> dict[str, Any]:
    since = finding.first_day - timedelta(days=40)
    return {
        "key": f"{finding.dimension}/{finding.level}",
        "level": finding.level,
        "node": finding.node,
        "status": finding.status,
        "first_day": str(finding.first_day),
        "last_day": str(finding.last_day),
        "day_count": finding.day_count,
        "actual": _number(finding.actual_usd),
        "expected": _number(finding.expected_usd),
        "over": _number(finding.over_usd),
        "over_pct": finding.over_pct,
        "z": finding.z_score,
        "basis": finding.basis,
        "band": [
            {"day": str(p.day), "actual": _number(p.actual_usd), "mean": p.mean_usd, "stddev": p.stddev_usd}
            for p in finding.band
            if p.day >= since
        ],
        "drivers": _drivers(finding.drivers),
        "query": finding.query,
    }


def _violation(finding: ViolationRow) -> dict[str, Any]:
    return {
        "level": finding.level,
        "node": finding.node,
        "rule_id": finding.rule_id,
        "description": finding.description.rstrip("."),
        "severity": finding.severity,
        "owner": finding.owner,
        "period": finding.period,
        "basis": finding.basis,
        "status": finding.status,
        "first_day": str(finding.first_day),
        "last_day": str(finding.last_day),
        "day_count": finding.day_count,
        "actual": _number(finding.actual_usd),
        "limit": _number(finding.limit_usd),
        "over": _number(finding.over_usd),
        "window": [str(day) for day in finding.window],
        "drivers": _drivers(finding.drivers),
        "query": finding.query,
    }


def _drivers(drivers: Iterable[Driver]) -> list[dict[str, Any]]:
    return [
        {
            "usage_type": driver.usage_type,
            "service": driver.service,
            "account": driver.aws_account_id,
            "resource": driver.resource_arn and short_arn(driver.resource_arn),
            "increase": _number(driver.increase_usd),
        }
        for driver in drivers
    ]


def _ties(report: Report) -> dict[str, Any]:
    rows = [
        {
            "key": level.key,
            "nodes": len(level.nodes),
            "billed": exact(level.billed_usd),
            "amortized": exact(level.amortized_usd),
            "difference": exact(level.billed_usd - report.total),
        }
        for level in report.levels
    ]
    return {"exact": report.ties_out(), "levels": rows}


def _footer(report: Report) -> str:
    if not report.queries:
        return "Made by Outlay from the lake's own tables and views."
    charge = money(charge_usd(report.queries), places=4)
    megabytes = scanned_bytes(report.queries) / 1e6
    return (
        f"Made by Outlay from the lake's own tables and views. {len(report.queries):,} queries read {megabytes:,.1f} MB; "
        f"Athena would have charged {charge}, at $5 a TB and 10 MB or more a query."
    )


def _number(value: Decimal) -> float:
    return round(float(value), 6)


def _numbers(values: Iterable[Decimal]) -> list[float]:
    return [round(float(value), 4) for value in values]
