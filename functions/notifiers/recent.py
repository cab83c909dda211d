"""The lake's views over the newest months of the bill alone: a run reads as much after two years as after four months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from lake.lake import Lake
from lake.relations import View
from lake.sql_text import identifier, literal
from notifiers.nodes import RunQuery

MONTHS = 3
"""Whole months before the newest day's own. A daily breach or a run of unusual days that began before them is not read:
nobody is told of it, nor of its end. Months are whole, so that a monthly breach is never cut."""

_NEWEST = "max(day) as day\nfrom cost_rollup_daily\nwhere dimension = 'account'\n    and level = 'total'"
_LATELY = f"select {_NEWEST}\n    and day >= current_date - interval '60' day"
_EVER = f"select coalesce(day, current_date) as day\nfrom (select {_NEWEST})"


@dataclass(frozen=True)
class RecentViews:
    """Views over the days from first_day on; newest_day is the newest day of the bill."""

    lake: Lake
    first_day: date
    newest_day: date

    def ctes(self, *names: str) -> str:
        """`with ...`: each view under its own name, its text run over the recent days of the tables that it reads.

        A condition outside a view is of no use here: the views number each node's days in order, so the engine must read all
        days before it could leave some out. The tables' names are taken by CTEs instead, which holds for tables of the
        view's own database.
        """
        views = [next(view for view in self.lake.catalog.views if view.full_name == f"outlay.{name}") for name in names]
        parts = {table: sql for view in views for table, sql in self._recent_tables(view)}
        parts |= {view.name: view.sql for view in views}
        return "with\n" + ",\n\n".join(f"{identifier(name)} as (\n{sql}\n)" for name, sql in parts.items())

    def _recent_tables(self, view: View) -> list[tuple[str, str]]:
        tables = [self.lake.catalog.table(reference) for reference in view.references]
        return [
            (
                table.name,
                f"select *\nfrom {self.lake.environment.sql_name(table.full_name)}\n"
                f"where {identifier(table.day_column)} >= {literal(self.first_day)}",
            )
            for table in tables
            if table.day_column
        ]


def recent_views(read: RunQuery, lake: Lake) -> RecentViews:
    """The views over the newest months. All days are looked through only where the last 60 hold no bill."""
    newest: date = read(_LATELY)[0]["day"] or read(_EVER)[0]["day"]
    first = newest.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
    return RecentViews(lake, first, newest)
