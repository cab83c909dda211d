"""The pictures in docs/pictures, made from the last run's report: `python -m local.pictures` (needs Debian's chromium)."""

from __future__ import annotations

import base64
import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI

from local.home import HOME, PAGE, REPORT, ROOT
from local.main_job import NEXT
from local.report import terminal
from local.report.model import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
TERMINAL_WIDTH = 110
SHOTS: tuple[tuple[str, int, int, Literal["light", "dark"]], ...] = (
    ("page", 1280, 1500, "light"),
    ("page-dark", 1280, 1500, "dark"),
    ("page-phone", 390, 1500, "light"),
)


def make_pictures() -> list[Path]:
    """Screenshots of the page (desktop, dark, phone) and of the terminal; returns their paths."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with _browser() as browser:
        return [*(_page(browser, *shot) for shot in SHOTS), _terminal(browser)]


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _page(browser: Browser, name: str, width: int, height: int, scheme: Literal["light", "dark"]) -> Path:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto((HOME / PAGE).as_uri())
    page.wait_for_timeout(1500)
    return _shoot(page, name)


def _terminal(browser: Browser) -> Path:
    report = Report.from_json((HOME / REPORT).read_text(encoding="utf-8"))
    report = dataclasses.replace(report, messages=report.messages[:1])  # one is enough for a picture
    console = Console(record=True, width=TERMINAL_WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(terminal.summary(report, page=".outlay/report.html", next_lines=NEXT))
    with tempfile.TemporaryDirectory() as folder:
        svg = Path(folder) / "terminal.svg"
        svg.write_text(console.export_svg(title="make run", theme=MONOKAI), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1200, "height": 100})
        page.set_content(f'<body style="margin:0"><img width="1200" src="data:image/svg+xml;base64,{_base64(svg)}"></body>')
        return _shoot(page, "terminal", full_page=True)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _shoot(page: Any, name: str, *, full_page: bool = False) -> Path:
    path = PICTURES / f"{name}.png"
    page.screenshot(path=str(path), full_page=full_page)
    page.close()
    return path


if __name__ == "__main__":
    if not (HOME / REPORT).exists():
        sys.exit("There is no report yet: run `make run` first.")
    for made in make_pictures():
        sys.stdout.write(f"{made.relative_to(ROOT)}\n")
