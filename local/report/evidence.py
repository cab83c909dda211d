"""What explains a finding's amount: the drivers and the query of its Slack message, over the same days and kind of cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from notifiers.drivers import Driver, read_drivers
from notifiers.findings import Anomaly, Finding, Violation
from notifiers.nodes import RunQuery
from notifiers.wording import cost_sql

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """window: first and last day that the finding's amounts are for. drivers: what grew most in it, the largest first."""

    window: tuple[date, date]
    drivers: tuple[Driver, ...]
    query: str


def read_evidence(read: RunQuery, violations: Sequence[Row], anomalies: Sequence[Row], database: str) -> dict[str, Evidence]:
    """The evidence of each finding by its id, from rows of budget_violations and cost_anomalies; asks one query for all.

    database: what the lake's database is called in the queries that people paste.
    """
    findings = [*_findings(Violation, violations), *_findings(Anomaly, anomalies)]
    drivers = read_drivers(read, findings)
    return {
        finding.finding_id: Evidence(finding.window, tuple(drivers.get(finding.finding_id, ())), cost_sql(finding, database))
        for finding in findings
    }


def _findings(kind: type[Violation | Anomaly], rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        yield kind(**{field.name: row[field.name] for field in fields(kind) if field.name in row})
