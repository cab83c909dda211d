"""The terminal summary: fits its width, keeps colours to itself when asked, and says what matters."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from local.report.charges import QueryCost, charge_usd
from local.report.figures import figures, money
from local.report.model import Node, Report, Scan, SlackMessage
from local.report.slack_view import message_panel, mrkdwn
from local.report.terminal import brief, summary
from tests.unit.local.report.reports import demo_report, many_nodes

NEXT = [(".venv/bin/outlay shell", "Athena SQL on this lake")]


def printed(report: Report, width: int = 100, **console) -> str:
    out = io.StringIO()
    Console(file=out, width=width, **console).print(summary(report, ".outlay/report.html", NEXT))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert all(cell_len(line) <= width for line in printed(demo_report(), width).splitlines())


def test_it_says_the_total_the_findings_the_failed_scan_the_messages_and_the_way_on():
    text = printed(demo_report())
    for part in (
        "$324,444",
        "Harbor production",
        "$442.60 over expected",
        "above all NatGateway-Bytes, ",
        "usage cost",
        "staging-day",
        "1 denied",
        "UnauthorizedOperation",
        "`outlay slack` shows",
        "what sum(cost_usd) gives",
        "equals the total to the last digit",
        ".outlay/report.html",
        ".venv/bin/outlay shell",
    ):
        assert part in text, part


def test_no_color_means_no_colour(monkeypatch):
    # rich takes NO_COLOR from the environment when a console is made; bold and dim are not colours.
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(demo_report(), force_terminal=True)
    assert "\x1b[36m" not in text and "\x1b[31m" not in text
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[36m" in printed(demo_report(), force_terminal=True, color_system="standard")


def test_what_a_bill_says_moves_no_cursor_and_is_no_markup():
    nasty = Node("[red]x[/red]\x1b[2J\x07", Decimal(10**6), Decimal(10**6))
    scan = Scan("aws", "\x1b[2J", "[bold]", "failed", 0, demo_report().generated_at, "[/x]\x1b[2J")
    levels = tuple(replace(level, nodes=(nasty, *level.nodes)) for level in demo_report().levels)
    report = replace(demo_report(), title="[b]\x1b[2J", levels=levels, scans=(scan,))
    text = printed(report)
    assert "\x1b" not in text and "\x07" not in text
    assert text.count("[red]x[/red]") == 3, "by account, by customer, by service"
    assert "[b]" in text and "[bold]" in text and "[/x]" in text
    assert "\x1b" not in brief(report)


def test_a_level_that_does_not_add_up_is_named():
    first, *rest = demo_report().levels
    wrong = replace(rest[0], nodes=rest[0].nodes[1:])
    assert "do not add up to the total: account/account" in printed(replace(demo_report(), levels=(first, wrong)))


def test_an_empty_report_says_so_in_words():
    text = printed(Report("Empty", demo_report().generated_at, (), ()))
    assert "No scan has run yet" in text
    assert "nothing was sent" in text


def test_brief_is_one_line_with_the_page():
    line = brief(demo_report(), "report.html")
    assert line == "Harbor: $324,444.26 in 60 days, 3 open findings, 36 of 37 scans ok, report.html"


def test_slack_markup_becomes_styles_and_its_text_stays():
    text = mrkdwn("*Over* by `$5` &lt;b&gt; <https://example.test/|Open> _now_")
    assert text.plain == "Over by $5 <b> Open now"
    assert {str(span.style) for span in text.spans} == {"bold", "cyan", "underline blue", "italic"}


def test_a_message_without_blocks_shows_its_text():
    out = io.StringIO()
    Console(file=out, width=80).print(message_panel(SlackMessage(None, "plain words", "1", None)))
    assert "plain words" in out.getvalue() and "webhook" in out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_however_much_there_is_it_is_sixty_lines_and_the_figures_end_on_the_last_screen(width):
    report = many_nodes(2_000)
    demo = demo_report()
    scans = tuple(replace(scan, collector=f"collector_{n:02}") for n in range(30) for scan in demo.scans)
    report = replace(
        report, anomalies=demo.anomalies * 9, violations=demo.violations * 9, scans=scans, messages=demo.messages * 50
    )
    lines = printed(report, width).splitlines()
    assert len(lines) <= 60
    assert any(f"Billed in {len(report.days)} days" in line for line in lines[-23:])
    assert any("Open findings" in line for line in lines[-23:])


def test_each_headline_is_the_sum_of_cost_usd_over_its_days():
    report = demo_report()
    (total,) = report.level("account/total").nodes
    shown = {figure.name: figure.value for figure in figures(report)}
    by_day = dict(zip(report.days, total.daily_billed, strict=True))
    assert shown[f"Billed in {len(report.days)} days"] == money(sum(by_day.values()))
    assert shown["Billed on 19 Nov"] == money(by_day[report.last_complete_day])
    assert shown["Billed in November"] == money(sum(cost for day, cost in by_day.items() if day.month == 11))
    assert brief(report).startswith(f"Harbor: {money(report.total)} in 60 days")


def test_athena_charges_ten_megabytes_at_least_and_nothing_for_ddl():
    assert charge_usd([QueryCost(1)]) == Decimal(5) * 10 * 1024**2 / 10**12
    assert charge_usd([QueryCost(10**12), QueryCost(0, billed=False)]) == 5
