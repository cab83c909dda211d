"""The report as a coloured summary for the terminal, right at any width from 60 columns on.

Pure: `summary(report, ...)` gives what rich prints. Colours follow NO_COLOR and the terminal, as rich does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.report.charges import charge_usd, scanned_bytes
from local.report.figures import day_text, figures, money, percent
from local.report.model import UNATTRIBUTED, AnomalyRow, Level, Report, Scan, ViolationRow
from local.report.plain import printable, short_arn
from local.report.slack_view import message_panel
from notifiers.drivers import Driver

TOP = 6
MESSAGES = 6
FAILURES = 5
BAR = 18
STATUS_STYLE = {"ok": "green", "denied": "red", "failed": "red", "throttled": "yellow", "skipped": "dim", "open": "red"}
STATUS_MARK = {"ok": "●", "denied": "✕", "failed": "✕", "throttled": "◐", "skipped": "○"}
LEVELS = (("account/account", "By account"), ("group/customer", "By customer"), ("service/service", "By service"))


def summary(report: Report, page: str | None = None, next_lines: Sequence[tuple[str, str]] = ()) -> RenderableType:
    """Everything worth saying after a run.

    page is the path of the HTML page. next_lines are commands to go on with, each with what it does.
    """
    parts: list[RenderableType] = [Rule(Text(printable(report.title), "bold"), style="dim"), _figures(report)]
    for key, title in LEVELS:
        level = report.level(key)
        if level is not None:
            parts += [_heading(title), _bars(report, level)]
    parts += [_heading("Unusual spend"), *_anomalies(report), _heading("Broken budget rules"), *_violations(report)]
    parts += [_heading("Coverage of the scans"), *_coverage(report), _heading("Slack"), *_messages(report)]
    parts += [_heading("Adds up"), _ties(report), _heading("Athena"), _charge(report)]
    if page or next_lines:
        parts += [_heading("Go on with"), _next(page, next_lines)]
    return Group(*parts)


def brief(report: Report, page: str | None = None) -> str:
    """One line for --quiet: total, findings, scans and the page."""
    texts = {figure.name: figure.value for figure in figures(report)}
    words = [f"{report.title}: {money(report.total)} in {len(report.days)} days", f"{texts['Open findings']} open findings"]
    words += [f"{texts[name]} scans ok" for name in ("Scans that succeeded",) if name in texts]
    return printable(", ".join(words + ([page] if page else [])))


def _heading(title: str) -> RenderableType:
    return Padding(Text(title, "bold cyan"), (1, 0, 0, 0))


def _figures(report: Report) -> Table:
    table = Table.grid(padding=(0, 2), expand=False)
    for figure in figures(report):
        table.add_row(Text(figure.name, "dim"), Text(figure.value, "bold", justify="right"), Text(figure.note, "dim"))
    return table


def _bars(report: Report, level: Level) -> Table:
    """The largest nodes as bars of their billed cost, the others as one."""
    shown, rest = level.nodes[:TOP], level.nodes[TOP:]
    rows = [(_name(report, level.level, node.id), node.billed_usd, node.id == UNATTRIBUTED) for node in shown]
    if rest:
        rows.append((f"{len(rest):,} others", sum((node.billed_usd for node in rest), Decimal(0)), True))
    most = max((abs(cost) for _, cost, _ in rows), default=Decimal(0)) or Decimal(1)
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis", max_width=34)
    table.add_column(width=BAR)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for name, cost, is_rest in rows:
        bar = Text("█" * max(1, round(max(cost, Decimal(0)) / most * BAR)), "bright_black" if is_rest else "cyan")
        share = percent(cost / report.total) if report.total else ""
        table.add_row(Text(name), bar, Text(money(cost), "bold"), Text(share, "dim"))
    return table


def _anomalies(report: Report) -> Iterator[RenderableType]:
    if not report.anomalies:
        yield Text("No day stood out from the 30 days before it.", "dim")
    for finding in report.anomalies[:TOP]:
        yield _anomaly(report, finding)
    if len(report.anomalies) > TOP:
        yield Text(f"and {len(report.anomalies) - TOP:,} more on the page", "dim")


def _anomaly(report: Report, finding: AnomalyRow) -> Text:
    side = "over" if finding.over_usd >= 0 else "under"
    text = Text.assemble(
        (f"{money(abs(finding.over_usd))} {side} expected  ", "bold red" if side == "over" else "bold green"),
        (_name(report, finding.level, finding.node), "bold"),
        f", {day_text(finding.first_day)}: {money(finding.actual_usd)} against {money(finding.expected_usd)}",
    )
    if finding.z_score is not None:
        text.append(f", {finding.z_score:.1f} sigma", "dim")
    text.append(f"  {finding.status}", STATUS_STYLE.get(finding.status, "green"))
    if finding.drivers:
        text.append(f"\n  above all: {_driver(finding.drivers[0])}", "dim")
    return text


def _driver(driver: Driver) -> str:
    """What grew, where it grew most, and by how much."""
    resource = driver.resource_arn and short_arn(driver.resource_arn)
    names = [name for name in (driver.usage_type or driver.service or UNATTRIBUTED, resource) if name]
    return f"{printable(', '.join(names))}, +{money(driver.increase_usd)}"


def _violations(report: Report) -> Iterator[RenderableType]:
    if not report.violations:
        yield Text("No budget rule was broken.", "dim")
    for finding in report.violations[:TOP]:
        yield _violation(report, finding)
    if len(report.violations) > TOP:
        yield Text(f"and {len(report.violations) - TOP:,} more on the page", "dim")


def _violation(report: Report, finding: ViolationRow) -> Text:
    per = "a day" if finding.period == "daily" else "a month"
    text = Text.assemble(
        (f"{money(finding.over_usd)} over  ", "bold red"),
        (_name(report, finding.level, finding.node), "bold"),
        f", {day_text(finding.last_day)}: {money(finding.actual_usd)} where {money(finding.limit_usd)} {per} is allowed",
        (f"  {finding.status}", STATUS_STYLE.get(finding.status, "green")),
    )
    if finding.description:
        text.append(f"\n  {finding.rule_id}: {printable(finding.description)}", "dim")
    return text


def _coverage(report: Report) -> Iterator[RenderableType]:
    """Collectors against accounts, a mark for each region; then why some did not succeed."""
    if not report.scans:
        yield Text("No scan has run yet, so nothing here says what exists.", "dim")
        return
    by_collector: defaultdict[str, list[Scan]] = defaultdict(list)
    for scan in report.scans:
        by_collector[scan.collector].append(scan)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("Collector", no_wrap=True, overflow="ellipsis")
    table.add_column("Scans")
    table.add_column("Seen", justify="right")
    table.add_column("Outcome")
    for collector, scans in sorted(by_collector.items()):
        marks = (
            Text("".join(STATUS_MARK.get(scan.status, "?") for scan in scans[:12]))
            if len(scans) <= 12
            else Text(f"{len(scans):,}")
        )
        counts = Counter(scan.status for scan in scans)
        outcome = Text(", ").join(
            Text(f"{count:,} {status}", STATUS_STYLE.get(status, "")) for status, count in counts.most_common()
        )
        table.add_row(Text(collector), marks, f"{sum(scan.event_count for scan in scans):,}", outcome)
    yield table
    failing = [scan for scan in report.scans if scan.status != "ok"]
    for scan in failing[:FAILURES]:
        place = printable(f"{scan.collector}, {report.account_name(scan.account_id)}, {scan.region}: ")
        yield Text.assemble((place, STATUS_STYLE.get(scan.status, "")), (printable(scan.error or scan.status), "dim"))
    if len(failing) > FAILURES:
        yield Text(f"and {len(failing) - FAILURES:,} more on the page", "dim")


def _messages(report: Report) -> Iterator[RenderableType]:
    if not report.messages:
        yield Text("Nothing was sent.", "dim")
    for message in report.messages[:MESSAGES]:
        yield message_panel(message)
    if len(report.messages) > MESSAGES:
        yield Text(f"and {len(report.messages) - MESSAGES:,} more", "dim")


def _ties(report: Report) -> Text:
    nodes = sum(len(level.nodes) for level in report.levels)
    if report.ties_out():
        return Text(
            f"{len(report.levels)} levels, {nodes:,} nodes: each level's sum equals the total to the last digit.", "green"
        )
    wrong = ", ".join(level.key for level in report.levels if level.billed_usd != report.total)
    return Text(f"These levels do not add up to the total: {wrong or 'amortized cost'}", "bold red")


def _charge(report: Report) -> Text:
    megabytes = scanned_bytes(report.queries) / 1e6
    text = f"{len(report.queries):,} queries read {megabytes:,.1f} MB; AWS would have charged "
    return Text.assemble(
        text, (money(charge_usd(report.queries), places=4), "bold"), (" at $5 a TB, 10 MB or more a query", "dim")
    )


def _next(page: str | None, next_lines: Sequence[tuple[str, str]]) -> Group:
    lines = [Text.assemble((command, "bold"), (f"\n  {meaning}", "dim")) for command, meaning in next_lines]
    first = [Text.assemble(("the page with charts\n  ", "dim"), (page, "bold underline"))] if page else []
    return Group(*first, *lines)


def _name(report: Report, level: str, node: str) -> str:
    """A node as people call it."""
    if node == UNATTRIBUTED:
        return "unattributed"
    if level == "account":
        return printable(report.account_name(node))
    if level == "region":
        account, _, region = node.partition("/")
        return printable(f"{report.account_name(account)}, {region}" if region else node)
    return "all spending" if level == "total" else printable(node)
