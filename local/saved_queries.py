"""The saved queries of sql/<database>/queries: what each answers, and its SQL, by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lake.errors import OutlayError
from local.home import ROOT


@dataclass(frozen=True)
class PastedQuery:
    """A query as it stands in Athena's saved queries, too: its name, what it answers, its SQL."""

    name: str
    meaning: str
    sql: str


def saved_queries(root: Path = ROOT / "sql") -> dict[str, PastedQuery]:
    """Every saved query by its name: the file's, with the database in front where two databases have one of that name."""
    paths = sorted(root.glob("*/queries/*.sql"))
    stems = [path.stem for path in paths]
    found = {}
    for path in paths:
        name = path.stem if stems.count(path.stem) == 1 else f"{path.parents[1].name}.{path.stem}"
        sql = path.read_text(encoding="utf-8")
        found[name] = PastedQuery(name, sql.split("\n", 1)[0].removeprefix("--").strip(), sql)
    return found


def saved_query(name: str) -> PastedQuery:
    """The saved query of that name. Raises OutlayError, which names those there are."""
    found = saved_queries()
    if name not in found:
        raise OutlayError(f"there is no saved query {name}; choose from: {', '.join(found)}")
    return found[name]
