"""The page in a real browser: it asks no network, fits a phone, can be used by keyboard, and takes text for what it is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local.report.model import CustomerCost, Node, ResourceCost
from local.report.page import render, script_json
from tests.support.browsers import browser_executable
from tests.unit.local.report.reports import demo_report, many_nodes

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NASTY = "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
# Every visible text: the contrast of its colour to what lies behind it, as WCAG computes it.
CONTRASTS = """() => {
        const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
        const light = (c) => { c = c / 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
        const luminance = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
        const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
        return [...document.querySelectorAll("h1,h2,h3,h4,p,dt,dd,td,th,a,button:not(:disabled),caption,.chip,.sub,summary,label")]
          .filter((e) => e.offsetParent && e.textContent.trim() && !e.closest(".hidden,[aria-hidden]"))
          .map((e) => { const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
            return [(a + .05) / (b + .05), e.tagName + "." + e.className + ": " + e.textContent.slice(0, 30)]; });
        }"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = browser_executable()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found.path, args=FLAGS, env={**os.environ, **found.environment})
        yield started
        started.close()


@pytest.fixture(scope="module")
def demo_page(tmp_path_factory) -> str:
    return _written(tmp_path_factory.mktemp("page"), demo_report())


@pytest.fixture
def opened(browser):
    """Opens a page; at the end, nothing may have been asked of a network or complained of on the console."""
    troubles: list[str] = []
    contexts = []

    def open_page(url: str, **options) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if request.url.startswith("http") else None)
        page.goto(url)
        page.wait_for_selector("#spend-chart .main-svg")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def _written(folder: Path, report) -> str:
    (folder / "report.html").write_text(render(report), encoding="utf-8")
    return (folder / "report.html").as_uri()


def test_it_opens_with_every_section_filled(opened, demo_page):
    page = opened(demo_page)
    assert page.title() == "Harbor · Outlay"
    assert page.locator("h1").inner_text() == "Harbor"
    figures = page.locator("#figures").inner_text()
    for part in ("$324,444", "117,452 bill lines", "36 of 37"):
        assert part in figures
    assert page.locator("#anomalies article").count() == 1
    assert page.locator("#violations article").count() == 2
    assert "NatGateway-Bytes" in page.locator("#anomalies").inner_text()
    assert "denied" in page.locator("#coverage").inner_text()
    assert "add up to the total without rounding" in page.locator("#ties").inner_text()
    assert page.locator("#anomalies .chart .main-svg").count() > 0


def test_the_chart_changes_by_level_and_cost_and_its_table_says_the_same(opened, demo_page):
    page = opened(demo_page)
    assert "Harbor production" in page.locator("#spend-legend").inner_text()
    page.get_by_role("button", name="Group").click()
    assert "northwind" in page.locator("#spend-legend").inner_text()
    page.get_by_role("button", name="Billed").click()
    assert "billed cost by customer" in page.locator("#spend-chart").get_attribute("aria-label")
    page.locator("#spend-table summary").click()
    first = page.locator("#spend-table tbody tr").first.inner_text()
    daily = demo_report().level("account/total").nodes[0].daily_billed[-1]
    assert f"${daily:,.2f}" in first
    page.get_by_label("Any level").select_option("service/usage_type")
    assert "others" in page.locator("#spend-legend").inner_text()
    page.locator("#spend-legend button").first.click()
    assert page.locator("#spend-legend button").first.get_attribute("aria-pressed") == "false"


def test_a_customer_is_drilled_into_by_cluster_and_service(opened, demo_page):
    page = opened(demo_page)
    page.get_by_label("Customer", exact=True).select_option("aperture")
    text = page.locator("#customer").inner_text()
    assert "aperture cost $33,6" in text and "aperture-a" in text and "AmazonEC2" in text


def test_nothing_scrolls_sideways_but_tables_within_themselves(opened, demo_page):
    page = opened(demo_page, viewport={"width": 375, "height": 800})
    for width in (375, 320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_dark_follows_the_system_and_the_button_turns_it_over(opened, demo_page):
    page = opened(demo_page, color_scheme="dark")
    shown = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shown)
    page.locator("#theme").click()
    assert page.evaluate(shown) != dark
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    page.reload()
    assert page.evaluate(shown) != dark


def test_text_has_the_contrast_that_wcag_asks_for_in_light_and_in_dark(opened, demo_page):
    page = opened(demo_page, color_scheme="light")
    for _ in range(2):
        pairs = page.evaluate(CONTRASTS)
        assert len(pairs) > 100
        assert [what for ratio, what in pairs if ratio < 4.5] == []
        page.locator("#theme").click()


def test_everything_can_be_reached_by_keyboard_and_is_seen_when_it_is(opened, demo_page):
    page = opened(demo_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    reached, outlines = set(), set()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 24)"))
        outlines.add(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    for wanted in (
        "theme",
        "Coverage",
        "Group",
        "Amortized",
        "The same as a table",
        "customer-name",
        "The query behind it, for",
    ):
        assert wanted in reached, wanted
    assert outlines == {"solid"}


def test_a_screen_reader_finds_landmarks_headings_labels_and_words_for_each_chart(opened, demo_page):
    page = opened(demo_page)
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1, landmark
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])")
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    unnamed = page.evaluate(
        """[...document.querySelectorAll('[role=img],[role=region],select,input,button')].filter((e) =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || document.querySelector(`label[for="${e.id}"]`))).length"""
    )
    assert unnamed == 0
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"


def test_names_are_text_wherever_they_stand(opened, tmp_path):
    report = demo_report()
    level = report.level("group/customer")
    daily = level.nodes[0].daily_billed
    node = Node(NASTY, Decimal(10**6), Decimal(10**6), 1, daily, daily, daily)
    levels = tuple(replace(one, nodes=(node, *one.nodes)) if one.key == level.key else one for one in report.levels)
    nasty = replace(
        report,
        title=NASTY,
        levels=levels,
        anomalies=tuple(replace(finding, node=NASTY) for finding in report.anomalies),
        violations=tuple(replace(finding, node=NASTY, description=NASTY) for finding in report.violations),
        customers=(CustomerCost(NASTY, NASTY, NASTY, Decimal(1), Decimal(1)),),
        resources=(ResourceCost(NASTY, NASTY, NASTY, NASTY, NASTY, NASTY, NASTY, Decimal(1), Decimal(1)),),
        scans=tuple(replace(scan, error=NASTY) for scan in report.scans),
    )
    page = opened(_written(tmp_path, nasty))
    page.get_by_role("button", name="Group").click()
    box = page.locator("#spend-chart").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(200)
    assert page.evaluate("window.broken") is None
    assert page.locator("h1").inner_text() == NASTY
    assert page.locator("img").count() == 0


def test_script_json_cannot_end_its_element_and_keeps_what_it_holds():
    value = {"a": "</script><!-- \u2028 é"}
    text = script_json(value)
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == value


def test_ten_thousand_nodes_open_in_under_three_seconds_and_can_be_searched(opened, tmp_path):
    url = _written(tmp_path, many_nodes(10_000))
    began = time.monotonic()
    page = opened(url)
    assert time.monotonic() - began < 3
    assert (
        "9,992 others" in page.locator("#spend-legend").inner_text()
        or page.get_by_role("button", name="Group").click() is None
    )
    assert "9,992 others" in page.locator("#spend-legend").inner_text()
    assert page.locator("#node-table tbody tr").count() == 25
    page.get_by_label("Search by name").fill("customer-07777")
    assert page.locator("#node-table tbody tr").count() == 1
    page.get_by_label("Search by name").fill("nothing like it")
    assert "Nothing to show." in page.locator("#node-table").inner_text()
    page.get_by_label("Search by name").fill("")
    page.locator("#node-table").get_by_role("button", name="Next").click()
    assert "page 2 of 400" in page.locator("#node-table").inner_text()
