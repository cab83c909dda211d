"""The report as a coloured summary for the terminal, right at any width from 60 columns on.

Pure: `summary(report, ...)` gives what rich prints. Colours follow NO_COLOR and the terminal, as rich does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.report.charges import charge_usd, scanned_bytes
from local.report.figures import BASIS, day_text, figures, money, percent
from local.report.model import UNATTRIBUTED, AnomalyRow, Level, Report, Scan, ViolationRow
from local.report.plain import printable, short_arn
from notifiers.drivers import Driver

BARS, FINDINGS, COLLECTORS, FAILURES = 4, 2, 4, 2
"""How many of each are shown: all of it stays within 60 lines, and what counts within the last screen of 80 by 24."""
BAR = 18
STATUS_STYLE = {"ok": "green", "denied": "red", "failed": "red", "throttled": "yellow", "skipped": "dim", "open": "red"}
STATUS_MARK = {"ok": "●", "denied": "✕", "failed": "✕", "throttled": "◐", "skipped": "○"}
LEVELS = (("account/account", "By account"), ("group/customer", "By customer"), ("service/service", "By service"))


def summary(report: Report, page: str | None = None, next_lines: Sequence[tuple[str, str]] = ()) -> RenderableType:
    """Everything worth saying after a run, in at most 60 lines; the figures come last, where they stay on the screen.

    page is the path of the HTML page. next_lines are commands to go on with, each with what it does.
    """
    parts: list[RenderableType] = []
    for key, title in LEVELS:
        level = report.level(key)
        if level is not None:
            parts += [_heading(title), _bars(report, level)]
    parts += [_heading("Unusual spend"), *_anomalies(report), _heading("Broken budget rules"), *_violations(report)]
    parts += [_heading("Coverage of the scans"), *_coverage(report)]
    parts += [Rule(Text(printable(report.title), "bold"), style="dim"), _figures(report), _line(BASIS, "dim")]
    parts += [_messages(report), _ties(report), _charge(report), _next(page, next_lines)]
    return Group(*parts)


def _line(text: str | Text, style: str = "") -> Text:
    """One line of the terminal, however long the text: what does not fit ends in an ellipsis."""
    line = text if isinstance(text, Text) else Text(text, style)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def brief(report: Report, page: str | None = None) -> str:
    """One line for --quiet: total, findings, scans and the page."""
    texts = {figure.name: figure.value for figure in figures(report)}
    words = [f"{report.title}: {money(report.total)} in {len(report.days)} days", f"{texts['Open findings']} open findings"]
    words += [f"{texts[name]} scans ok" for name in ("Scans that succeeded",) if name in texts]
    return printable(", ".join(words + ([page] if page else [])))


def _heading(title: str) -> Text:
    return Text(title, "bold cyan")


def _figures(report: Report) -> Table:
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for figure in figures(report):
        table.add_row(Text(figure.name, "dim"), Text(figure.value, "bold"), Text(figure.note, "dim"))
    return table


def _bars(report: Report, level: Level) -> Table:
    """The largest nodes as bars of their billed cost, the others as one."""
    shown, rest = level.nodes[:BARS], level.nodes[BARS:]
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
    for finding in report.anomalies[:FINDINGS]:
        yield from _anomaly(report, finding)
    if len(report.anomalies) > FINDINGS:
        yield Text(f"and {len(report.anomalies) - FINDINGS:,} more on the page", "dim")


def _anomaly(report: Report, finding: AnomalyRow) -> Iterator[Text]:
    side = "over" if finding.over_usd >= 0 else "under"
    yield _line(
        Text.assemble(
            (f"{money(abs(finding.over_usd))} {side} expected  ", "bold red" if side == "over" else "bold green"),
            (_name(report, finding.level, finding.node), "bold"),
            f", {day_text(finding.first_day)}",
            (f"  {finding.status}", STATUS_STYLE.get(finding.status, "green")),
        )
    )
    sigma = "" if finding.z_score is None else f", {finding.z_score:.1f} sigma"
    cause = f"; above all {_driver(finding.drivers[0])}" if finding.drivers else ""
    amounts = f"{money(finding.actual_usd)} against {money(finding.expected_usd)}, {finding.basis}{sigma}"
    yield _line(f"  {amounts}{cause}", "dim")


def _driver(driver: Driver) -> str:
    """What grew, where it grew most, and by how much."""
    resource = driver.resource_arn and short_arn(driver.resource_arn)
    names = [name for name in (driver.usage_type or driver.service or UNATTRIBUTED, resource) if name]
    return f"{printable(', '.join(names))}, +{money(driver.increase_usd)}"


def _violations(report: Report) -> Iterator[RenderableType]:
    if not report.violations:
        yield Text("No budget rule was broken.", "dim")
    for finding in report.violations[:FINDINGS]:
        yield from _violation(report, finding)
    if len(report.violations) > FINDINGS:
        yield Text(f"and {len(report.violations) - FINDINGS:,} more on the page", "dim")


def _violation(report: Report, finding: ViolationRow) -> Iterator[Text]:
    per = "a day" if finding.period == "daily" else "a month"
    yield _line(
        Text.assemble(
            (f"{money(finding.over_usd)} over  ", "bold red"),
            (_name(report, finding.level, finding.node), "bold"),
            f", {day_text(finding.last_day)}",
            (f"  {finding.status}", STATUS_STYLE.get(finding.status, "green")),
        )
    )
    amounts = f"{money(finding.actual_usd)} where {money(finding.limit_usd)} {per} is allowed, {finding.basis}"
    yield _line(f"  {amounts}; {printable(finding.rule_id)}", "dim")


def _coverage(report: Report) -> Iterator[RenderableType]:
    """Collectors, those with failures first, a mark for each scan; then why some did not succeed."""
    if not report.scans:
        yield Text("No scan has run yet, so nothing here says what exists.", "dim")
        return
    by_collector: defaultdict[str, list[Scan]] = defaultdict(list)
    for scan in report.scans:
        by_collector[scan.collector].append(scan)
    ordered = sorted(by_collector.items(), key=lambda one: (all(scan.status == "ok" for scan in one[1]), one[0]))
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for collector, scans in ordered[:COLLECTORS]:
        marks = "".join(STATUS_MARK.get(scan.status, "?") for scan in scans) if len(scans) <= 12 else f"{len(scans):,} scans"
        counts = Counter(scan.status for scan in scans)
        outcome = Text(", ").join(
            Text(f"{count:,} {status}", STATUS_STYLE.get(status, "")) for status, count in counts.most_common()
        )
        seen = f"{sum(scan.event_count for scan in scans):,} seen"
        table.add_row(Text(printable(collector)), Text(marks), Text(seen), outcome)
    yield table
    rest = [scan for _, scans in ordered[COLLECTORS:] for scan in scans]
    if rest:
        well = sum(scan.status == "ok" for scan in rest)
        yield Text(f"and {len(ordered) - COLLECTORS} more collectors, {well:,} of their {len(rest):,} scans ok", "dim")
    failing = [scan for scan in report.scans if scan.status != "ok"]
    for scan in failing[:FAILURES]:
        place = printable(f"{scan.collector}, {report.account_name(scan.account_id)}, {scan.region}: ")
        yield _line(Text.assemble((place, STATUS_STYLE.get(scan.status, "")), (_one_line(scan.error or scan.status), "dim")))
    if len(failing) > FAILURES:
        yield Text(f"and {len(failing) - FAILURES:,} more that did not succeed, on the page", "dim")


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _messages(report: Report) -> Text:
    if not report.messages:
        return Text("Slack: nothing was sent.", "dim")
    count = f"{len(report.messages):,} message{'' if len(report.messages) == 1 else 's'}"
    return _line(f"Slack: {count}; `outlay slack` shows what people see there", "dim")


def _ties(report: Report) -> Text:
    nodes = sum(len(level.nodes) for level in report.levels)
    if report.ties_out():
        told = f"Adds up: each of {len(report.levels)} levels ({nodes:,} nodes) equals the total to the last digit."
        return _line(told, "green")
    wrong = ", ".join(level.key for level in report.levels if level.billed_usd != report.total)
    return _line(f"These levels do not add up to the total: {wrong or 'amortized cost'}", "bold red")


def _charge(report: Report) -> Text:
    megabytes = scanned_bytes(report.queries) / 1e6
    charged = money(charge_usd(report.queries), places=4)
    return _line(f"Athena: {len(report.queries):,} queries read {megabytes:,.1f} MB, for which AWS charges {charged}", "dim")


def _next(page: str | None, next_lines: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    if page:
        table.add_row(Text(page, "bold underline"), Text("the page with charts", "dim"))
    for command, meaning in next_lines:
        table.add_row(Text(command, "bold"), Text(meaning, "dim"))
    return table


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
