"""Reports to show: one of the demo company, worked out from its bill without a lake, and one of very many nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from statistics import mean, stdev
from typing import Any

from local.demo.bill import build_bill
from local.demo.company import ACCOUNTS, Company, build_company
from local.report.charges import QueryCost
from local.report.model import (
    UNATTRIBUTED,
    AnomalyRow,
    BandPoint,
    CustomerCost,
    Inventory,
    Level,
    Node,
    Report,
    ResourceCost,
    Scan,
    SlackMessage,
    ViolationRow,
)
from notifiers.drivers import Driver

LAST_DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
SERIES = 8
Money = tuple[int, int]
"""Billed and amortized, in units of 10**-10 USD: the bill has ten decimals, and integers add up exactly and fast."""
UNIT = 10**10
QUERY = "select service, usage_type\nfrom cost_hourly\nwhere customer = 'a' and cost_usd > 1"
MOVING = [
    "line_item_usage_start_date",
    "identity_line_item_id",
    "line_item_unblended_cost",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
]
STATIC = [
    "line_item_line_item_type",
    "line_item_usage_account_id",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_resource_id",
    "product_region_code",
    "resource_tags",
]


@cache
def demo_company() -> Company:
    """The demo company on a day that does not move."""
    return build_company(LAST_DAY)


@cache
def demo_report() -> Report:
    """The demo company as its report should look, from its own bill."""
    company = demo_company()
    costs = _Costs(company)
    levels = tuple(costs.level(name) for name in costs.names)
    customer = next(level for level in levels if level.level == "customer")
    staging = next(level for level in levels if level.level == "env")
    return Report(
        title="Harbor",
        generated_at=AT,
        days=company.days,
        levels=levels,
        last_complete_day=LAST_DAY - timedelta(days=1),
        account_names={account.account_id: account.name for account in ACCOUNTS},
        anomalies=(_anomaly(company, customer, costs),),
        violations=(
            _violation(company, customer, "aperture", "aperture-day", Decimal(800), 3, costs),
            _violation(company, staging, "staging", "staging-day", Decimal(960), 12, costs),
        ),
        scans=tuple(_scans()),
        resources=costs.resources(company),
        customers=costs.customers(),
        inventory=_inventory(company),
        messages=MESSAGES,
        queries=(QueryCost(4_200_000), QueryCost(31_000_000), QueryCost(0, billed=False)),
    )


@dataclass
class _Line:
    """A line of the bill that comes every day: the nodes that it adds to, and its own sums."""

    kind: str
    resource_id: str | None
    account: str
    service: str
    usage_type: str
    groups: dict[str, str | None]
    series: list[list[list[int]]]
    daily: list[int]
    billed: int = 0
    amortized: int = 0


class _Costs:
    """The bill's lines added up by day and node."""

    def __init__(self, company: Company) -> None:
        self._days = len(company.days)
        self._nodes: dict[str, dict[str, list[list[int]]]] = defaultdict(dict)
        self._lines: dict[str, _Line] = {}
        start = datetime.combine(company.first_day, datetime.min.time())
        for table in build_bill(company).values():
            columns = [table[name].to_pylist() for name in MOVING]
            for index, (moment, line_id, *amounts) in enumerate(zip(*columns, strict=True)):
                if line_id not in self._lines:
                    self._lines[line_id] = self._line(table.slice(index, 1).select(STATIC).to_pylist()[0])
                self._add(self._lines[line_id], (moment - start).days, *amounts)
        self.names = tuple(self._nodes)

    def _line(self, row: Mapping[str, Any]) -> _Line:
        tags = dict(row["resource_tags"] or ())
        groups = {name: tags.get(f"user_{name}") for name in ("customer", "cluster", "index", "env", "purpose")}
        groups["customer"] = groups["customer"] or tags.get("user_client")
        account, region = row["line_item_usage_account_id"], row["product_region_code"]
        keys = {
            "account/total": "total",
            "account/account": account,
            "account/region": f"{account}/{region}" if region else None,
            **{f"group/{'index_name' if name == 'index' else name}": value for name, value in groups.items()},
            "service/service": row["line_item_product_code"],
            "service/usage_type": row["line_item_usage_type"],
        }
        empty = [[0] * self._days for _ in range(4)]
        series = [self._nodes[level].setdefault(node or UNATTRIBUTED, deepcopy(empty)) for level, node in keys.items()]
        resource_id, service = row["line_item_resource_id"], row["line_item_product_code"]
        kind, usage_type = row["line_item_line_item_type"], row["line_item_usage_type"]
        return _Line(kind, resource_id, account, service, usage_type, groups, series, [0] * self._days)

    def _add(self, line: _Line, day: int, cost: float, *savings_plan: float | None) -> None:
        billed = _units(cost)
        amortized = _amortized(line.kind, billed, *savings_plan)
        usage = 0 if line.kind in ("Tax", "Fee", "Credit") else amortized
        for all_billed, all_amortized, all_usage, count in line.series:
            all_billed[day] += billed
            all_amortized[day] += amortized
            all_usage[day] += usage
            count[day] += 1
        line.billed += billed
        line.amortized += amortized
        line.daily[day] += amortized

    def level(self, name: str) -> Level:
        nodes = []
        for node, (*daily, lines) in self._nodes[name].items():
            series = [tuple(map(_usd, costs)) for costs in daily]
            nodes.append(Node(node, sum(series[0]), sum(series[1]), sum(lines), *series))
        nodes.sort(key=lambda node: -node.billed_usd)
        rest = nodes[SERIES:]
        other = [
            tuple(sum(day, Decimal(0)) for day in zip(*(getattr(node, column) for node in rest), strict=True))
            for column in ("daily_billed", "daily_amortized", "daily_usage")
        ]
        small = [replace(node, daily_billed=(), daily_amortized=(), daily_usage=()) for node in rest]
        return Level(*name.split("/"), (*nodes[:SERIES], *small), *(other if rest else ()))

    def resources(self, company: Company) -> tuple[ResourceCost, ...]:
        known = {resource.billed_as: resource for resource in company.resources}
        sums = self._sums(lambda line: line.resource_id)
        return tuple(
            ResourceCost(r.arn, r.kind, r.name, r.account_id, r.region, r.tags.get("customer"), "running", *map(_usd, cost))
            for resource_id, cost in sorted(sums.items(), key=lambda item: -item[1][0])[:200]
            if (r := known[str(resource_id)])
        )

    def customers(self) -> tuple[CustomerCost, ...]:
        sums = self._sums(
            lambda line: (
                line.groups["customer"] and (line.groups["customer"], line.groups["cluster"] or UNATTRIBUTED, line.service)
            )
        )
        return tuple(CustomerCost(*key, *map(_usd, cost)) for key, cost in sorted(sums.items()))

    def drivers(self, group: str, node: str, day: int) -> tuple[Driver, ...]:
        """What grew most on a day, as the notifier finds it, but with any of its resources."""
        sums: dict[Any, list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), None])
        for line in self._lines.values():
            if line.groups.get(group) == node:
                found = sums[line.account, line.service, line.usage_type]
                found[0] += _usd(line.daily[day])
                found[1] += _usd(sum(line.daily[max(0, day - 30) : day])) / min(30, day)
                found[2] = line.resource_id
        drivers = [Driver(*key, *found, found[0] - found[1]) for key, found in sums.items() if found[0] > found[1]]
        return tuple(sorted(drivers, key=lambda driver: -driver.increase_usd)[:5])

    def _sums(self, key: Callable[[_Line], Any]) -> dict[Any, Money]:
        """Billed and amortized by whatever key says of a line; lines of which it says nothing are left out."""
        sums: dict[Any, Money] = defaultdict(lambda: (0, 0))
        for line in self._lines.values():
            if name := key(line):
                sums[name] = (sums[name][0] + line.billed, sums[name][1] + line.amortized)
        return sums


def _amortized(kind: str, billed: int, effective: float | None, committed: float | None, used: float | None) -> int:
    """A line's amortized cost, as AWS defines it for savings plans."""
    if kind == "SavingsPlanCoveredUsage":
        return _units(effective)
    if kind == "SavingsPlanRecurringFee":
        return _units(committed) - _units(used)
    return 0 if kind == "SavingsPlanNegation" else billed


def _units(usd: float | None) -> int:
    return round((usd or 0.0) * UNIT)


def _usd(units: int) -> Decimal:
    return Decimal(units).scaleb(-10)


def _anomaly(company: Company, level: Level, costs: _Costs) -> AnomalyRow:
    node = next(node for node in level.nodes if node.id == "aperture")
    spent = [float(cost) for cost in node.daily_usage]
    band = []
    for index in range(14, len(spent) - 1):
        before = spent[max(0, index - 30) : index]
        band.append(BandPoint(company.days[index], node.daily_usage[index], mean(before), stdev(before)))
    first = company.days.index(company.spike_day)
    point = band[first - 14]
    expected = Decimal(str(round(point.mean_usd or 0, 2)))
    over = point.actual_usd - expected
    return AnomalyRow(
        finding_id="anomaly/group/customer/aperture",
        dimension="group",
        level="customer",
        node="aperture",
        anomaly_type="HIGH_SPEND",
        status="open",
        first_day=company.spike_day,
        last_day=company.days[-2],
        day_count=3,
        actual_usd=point.actual_usd,
        expected_usd=expected,
        over_usd=over,
        over_pct=float(over / expected * 100),
        z_score=(spent[first] - (point.mean_usd or 0)) / (point.stddev_usd or 1),
        band=tuple(band),
        drivers=costs.drivers("customer", "aperture", first),
        query=QUERY,
    )


def _violation(
    company: Company, level: Level, name: str, rule: str, limit: Decimal, days: int, costs: _Costs
) -> ViolationRow:
    node = next(node for node in level.nodes if node.id == name)
    first, last = company.days[-1 - days], company.days[-2]
    return ViolationRow(
        finding_id=f"violation/{rule}/{name}",
        rule_id=rule,
        description="Aperture's contract covers this much a day"
        if name == "aperture"
        else "Staging is meant to sleep at night",
        severity="critical" if name == "aperture" else "warning",
        owner="#team-aperture",
        dimension="group",
        level=level.level,
        node=name,
        period="daily",
        cost_type="amortized",
        status="open",
        first_day=first,
        last_day=last,
        day_count=days,
        actual_usd=node.daily_amortized[-2],
        limit_usd=limit,
        over_usd=node.daily_amortized[-2] - limit,
        window=(last, last),
        drivers=costs.drivers(level.level, name, company.days.index(last)),
        query=QUERY,
    )


def _scans() -> Iterable[Scan]:
    for collector in ("ebs_volumes", "ec2_instances", "elastic_ips", "nat_gateways"):
        for account in ACCOUNTS:
            for region in ("eu-west-1", "us-east-1", "us-west-2"):
                denied = (collector, account.account_id, region) == ("nat_gateways", "333333333333", "us-west-2")
                error = "UnauthorizedOperation: the role may not call ec2:DescribeNatGateways" if denied else None
                yield Scan(
                    collector, account.account_id, region, "denied" if denied else "ok", 0 if denied else 40, AT, error
                )
    yield Scan("aws", "harbor", "2026-11", "ok", 42_966, AT)


def _inventory(company: Company) -> tuple[Inventory, ...]:
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for instance in company.instances:
        counts[instance.kind, instance.state, instance.account_id] += 1
    for volume in company.volumes:
        counts[volume.kind, "in-use" if volume.instance_id else "available", volume.account_id] += 1
    for address in company.addresses:
        counts[address.kind, "idle" if address.idle else "associated", address.account_id] += 1
    return tuple(Inventory(*key, count) for key, count in sorted(counts.items()))


MESSAGES = (
    SlackMessage(
        channel="#team-aperture",
        text="aperture: $452.31 over expected on 17 Nov",
        ts="1763632800.000100",
        thread_ts=None,
        blocks=(
            {"type": "header", "text": {"type": "plain_text", "text": "aperture: $452.31 over expected"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*Customer aperture* spent $1,019.08 on 17 Nov, +80 % &amp; rising"},
            },
            {"type": "divider"},
            {
                "type": "section",
                "fields": [{"type": "mrkdwn", "text": "*Expected*\n$566.77"}, {"type": "mrkdwn", "text": "*Over*\n$452.31"}],
            },
            {"type": "section", "text": {"type": "mrkdwn", "text": "```select 1\nfrom cost_hourly```"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "<https://console.example/athena|Open Athena>"}]},
        ),
    ),
    SlackMessage("#team-aperture", "aperture is back to normal", "1763632900.000100", "1763632800.000100"),
)


def many_nodes(count: int) -> Report:
    """A report whose customers are as many as count, over 60 days."""
    days = tuple(LAST_DAY - timedelta(days=59 - n) for n in range(60))
    costs = [Decimal(f"{count - n}.{n % 100:02d}") for n in range(count)]
    total = sum(costs, Decimal(0))
    nodes = tuple(
        Node(f"customer-{n:05d}", cost, cost, 60, *((tuple([cost / 60] * 60),) * 3 if n < SERIES else ()))
        for n, cost in enumerate(costs)
    )
    rest = tuple([sum(costs[SERIES:], Decimal(0)) / 60] * 60)
    top = Node(
        "total", total, total, 60 * count, tuple([total / 60] * 60), tuple([total / 60] * 60), tuple([total / 60] * 60)
    )
    return Report(
        title="Many customers",
        generated_at=AT,
        days=days,
        levels=(
            Level("account", "total", (top,)),
            Level("account", "account", (top,)),
            Level("group", "customer", nodes, rest, rest, rest),
        ),
        last_complete_day=days[-2],
        scans=tuple(Scan("ebs_volumes", f"{n:012d}", "us-east-1", "ok", 7, AT) for n in range(count // 10)),
    )
