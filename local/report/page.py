"""The report as one HTML page that carries all it needs: styles, scripts, the chart library and the data."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from local.report.model import Report
from local.report.page_data import page_data

SCRIPTS = ("dom.js", "tables.js", "charts.js", "sections.js")


def render(report: Report) -> str:
    """The page's HTML."""
    title = report.title.replace("&", "&amp;").replace("<", "&lt;")
    parts = {
        "title": f"{title} · Outlay",
        "css": _asset("page.css"),
        "data": script_json(page_data(report)),
        "js": "\n".join(_asset(name) for name in SCRIPTS),
        "charts": _plotly(),
    }
    before, *rest = _asset("page.html").split("{{")
    pieces = [before]
    for part in rest:
        name, _, after = part.partition("}}")
        pieces += [parts[name], after]
    return "".join(pieces)


def script_json(value: object) -> str:
    """JSON that is safe inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _asset(name: str) -> str:
    return (files("local.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """The chart library as the plotly package ships it, minified."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
