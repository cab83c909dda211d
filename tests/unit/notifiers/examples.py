"""Findings and drivers to test with."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from notifiers.drivers import Driver
from notifiers.findings import Anomaly, Finding, Violation
from notifiers.wording import Wording

WORDING = Wording("eu-west-1", "outlay", {"111111111111": "Harbor production"})


def violation(over: str = "412.30", **changed: Any) -> Violation:
    """A monthly budget of $1,000 for customer acme, broken on 20 Nov 2026."""
    values: dict[str, Any] = {
        "finding_id": "violation/acme-monthly/acme/2026-11-18",
        "dimension": "group",
        "level": "customer",
        "ancestor_id": "acme",
        "status": "open",
        "last_day": date(2026, 11, 20),
        "day_count": 3,
        "over_usd": Decimal(over),
        "rule_id": "acme-monthly",
        "period": "monthly",
        "cost_type": "amortized",
        "first_day": date(2026, 11, 18),
        "actual_usd": Decimal(1000) + Decimal(over),
        "limit_usd": Decimal("1000.00"),
        "severity": "critical",
        "description": "What acme pays us for",
    }
    return Violation(**{**values, **changed})


def anomaly(over: str = "150.00", **changed: Any) -> Anomaly:
    """A spike of account 111111111111 on 19 Nov 2026, where $50 were expected."""
    values: dict[str, Any] = {
        "finding_id": "anomaly/account/account/111111111111/high_spend/2026-11-19",
        "dimension": "account",
        "level": "account",
        "ancestor_id": "111111111111",
        "status": "open",
        "last_day": date(2026, 11, 19),
        "day_count": 1,
        "over_usd": Decimal(over),
        "usage_date": date(2026, 11, 19),
        "daily_cost": Decimal(50) + Decimal(over),
        "expected_usd": Decimal("50"),
        "anomaly_type": "HIGH_SPEND",
        "z_score": 6.25,
        "over_pct": 300.0,
    }
    return Anomaly(**{**values, **changed})


def driver(cost: str = "240", before: str = "40", **changed: Any) -> Driver:
    """NAT traffic of one gateway, grown from before to cost."""
    values: dict[str, Any] = {
        "aws_account_id": "111111111111",
        "service": "AmazonEC2",
        "usage_type": "NatGateway-Bytes",
        "cost_usd": Decimal(cost),
        "before_usd": Decimal(before),
        "resource_arn": "arn:aws:ec2:us-east-1:111111111111:natgateway/nat-1",
        "resource_increase_usd": Decimal(cost) - Decimal(before),
    }
    return Driver(**{**values, **changed})


def as_row(finding: Finding) -> dict[str, Any]:
    """A finding as the view gives it."""
    return {field.name: getattr(finding, field.name) for field in fields(finding)}
