"""The roles' tables in docs/security.md, made from infra/ alone: `python -m local.security_page` writes them.

What stands outside of the two markers is written by people.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from collectors.scanning.discovery import collectors
from infra.acknowledgments import as_printed
from infra.catalog_parser import parse_catalog
from infra.constructs.lake_function import LakeFunction
from infra.deployment import Deployment
from infra.settings.load import load_settings
from infra.synthesis import add_stacks, new_app

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- made by python -m local.security_page -->", "<!-- end of what is made -->"
_BUCKET = "outlay-lake-<AccountId>-<Region>"
_REFERENCES = {
    "<SchedulesDeadLetters": "the dead-letter queue of its stack",
    "<Slack": "the Slack secret",
    "<Sent": "the table of what was sent",
}


def security_page(text: str) -> str:
    """The document with its generated part made anew. Raises ValueError where a marker is missing."""
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:before]}\n\n{roles()}\n{text[after:]}"


def roles() -> str:
    """A table for each function's role, as config/ stands in the repository, and one for the role in each account."""
    with tempfile.TemporaryDirectory(prefix="outlay-asset-") as folder:
        app = new_app(Path(folder) / "cdk.out")
        asset = Path(folder) / "asset"
        asset.mkdir()
        (asset / "empty").touch()
        add_stacks(app, Deployment(load_settings(ROOT / "config"), parse_catalog(ROOT / "sql"), asset))
        functions = [one for one in app.node.find_all() if isinstance(one, LakeFunction)]
        tables = [_function(one) for one in functions]
    return "\n".join([*tables, _member(), ""])


def _function(function: LakeFunction) -> str:
    resolve = function.role.stack.resolve
    rows = [
        (
            f"**denied:** {p.why}" if p.is_denied else p.why,
            p.actions,
            [_short(as_printed(resolve(one))) for one in p.resources],
        )
        for p in function.permissions
    ]
    rows.append(("traces its runs", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ["*"]))
    return f"### `{function.name}`\n\n" + "\n".join(_table(rows)) + "\n"


def _member() -> str:
    rows = [(f"collector `{name}` reads what there is", one.actions, ["*"]) for name, one in collectors().items()]
    return "### `outlay-member`, in every account\n\n" + "\n".join(_table(rows)) + "\n"


def _table(rows: Iterable[tuple[str, Iterable[str], Iterable[str]]]) -> Iterator[str]:
    yield "| it | actions | on |\n|---|---|---|"
    for why, actions, resources in rows:
        yield f"| {why} | {_codes(actions)} | {_codes(resources)} |"


def _codes(values: Iterable[Any]) -> str:
    return " ".join(f"`{value}`" for value in values)


def _short(arn: str) -> str:
    """What an ARN names, without what is the same for all; the lake's bucket as `lake`."""
    for reference, meant in _REFERENCES.items():
        if arn.startswith(reference):
            return meant
    return re.sub(r"<AWS::(\w+)>", r"<\1>", arn).split(":", 5)[-1].replace(_BUCKET, "lake")


if __name__ == "__main__":
    DOCUMENT.write_text(security_page(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
