"""Turns rows of the report's queries into its parts. Rows are typed: Decimal, date, datetime, int, float, str or None."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from local.report.evidence import Evidence, Row
from local.report.model import AnomalyRow, BandPoint, CustomerCost, ResourceCost, Scan, ViolationRow


def anomalies(rows: Sequence[Row], band: Sequence[Row], evidence: Mapping[str, Evidence]) -> tuple[AnomalyRow, ...]:
    """Findings of cost_anomalies, each with the days around it."""
    bands: defaultdict[tuple[str, str, str], list[BandPoint]] = defaultdict(list)
    for row in band:
        point = BandPoint(row["usage_date"], row["daily_cost"], row["ma30_cost"], row["stddev30_cost"])
        bands[row["dimension"], row["level"], row["ancestor_id"]].append(point)
    return tuple(
        AnomalyRow(
            finding_id=row["finding_id"],
            dimension=row["dimension"],
            level=row["level"],
            node=row["ancestor_id"],
            anomaly_type=row["anomaly_type"],
            status=row["status"],
            first_day=row["usage_date"],
            last_day=row["last_day"],
            day_count=int(row["day_count"]),
            actual_usd=row["daily_cost"],
            expected_usd=row["expected_usd"],
            over_usd=row["over_usd"],
            over_pct=row["over_pct"],
            z_score=row["z_score"],
            band=tuple(bands[row["dimension"], row["level"], row["ancestor_id"]]),
            drivers=evidence[row["finding_id"]].drivers,
            query=evidence[row["finding_id"]].query,
        )
        for row in rows
    )


def violation(row: Row, evidence: Evidence) -> ViolationRow:
    """A finding of budget_violations."""
    return ViolationRow(
        finding_id=row["finding_id"],
        rule_id=row["rule_id"],
        description=row["description"] or "",
        severity=row["severity"],
        owner=row["owner"],
        dimension=row["dimension"],
        level=row["level"],
        node=row["ancestor_id"],
        period=row["period"],
        cost_type=row["cost_type"],
        status=row["status"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        day_count=int(row["day_count"]),
        actual_usd=row["actual_usd"],
        limit_usd=row["limit_usd"],
        over_usd=row["over_usd"],
        window=evidence.window,
        drivers=evidence.drivers,
        query=evidence.query,
    )


def scan(row: Row) -> Scan:
    """A scan's newest outcome."""
    return Scan(
        row["collector"],
        row["aws_account_id"],
        row["aws_region"],
        row["status"],
        int(row["event_count"]),
        row["last_scan_at"],
        row["error_message"],
    )


def resource(row: Row) -> ResourceCost:
    """A resource and what it cost."""
    return ResourceCost(
        arn=row["resource_arn"],
        resource_type=row["resource_type"],
        name=row["resource_name"],
        account_id=row["aws_account_id"],
        region=row["aws_region"],
        customer=row["customer"],
        state=row["state"],
        billed_usd=row["billed_usd"],
        amortized_usd=row["amortized_usd"],
    )


def customers(rows: Sequence[Row]) -> tuple[CustomerCost, ...]:
    """What each customer costs by cluster and service, largest first."""
    costs = [
        CustomerCost(row["customer"], row["cluster"], row["service"], row["billed_usd"], row["amortized_usd"])
        for row in rows
    ]
    return tuple(sorted(costs, key=lambda cost: (cost.customer, -cost.billed_usd, cost.cluster, cost.service)))
