"""Holds a build against its rollup's checks, in Athena, before anybody reads it."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from lake.athena import Athena
from lake.catalog import BUILD_COLUMN, Catalog, Check, Rollup, builds_name
from lake.errors import AuditError
from lake.sql_text import identifier, identifiers, literal

MOST_SHOWN = 10


def audit(athena: Athena, catalog: Catalog, rollup: Rollup, build: str, first_day: date, last_day: date) -> None:
    """Raise AuditError where a check finds a row that should not be; it says where to look at the rejected rows."""
    failures = athena.rows(audit_sql(catalog, rollup, build, first_day, last_day))
    if not failures:
        return
    shown = "; ".join(f"{row['failed_check']} on {row['failed_day']}: {row['detail']}" for row in failures[:MOST_SHOWN])
    raise AuditError(
        f"{rollup.name} was not published: {shown}. To look at the rejected rows: "
        f"select * from {builds_name(rollup.name)} where {BUILD_COLUMN} = {literal(build)}"
    )


def audit_sql(catalog: Catalog, rollup: Rollup, build: str, first_day: date, last_day: date) -> str:
    """One query for all checks of a rollup; its rows are the failures: failed_check, failed_day, detail."""
    day = catalog.table(rollup.name).day_column or ""
    built = (
        f"select * from {identifier(builds_name(rollup.name))} where {BUILD_COLUMN} = {literal(build)}"
        f" and {identifier(day)} between {literal(first_day)} and {literal(last_day)}"
    )
    parts = [_rows_sql(check, day) for check in rollup.checks if check.kind != "conserves"]
    conserving = sorted((c for c in rollup.checks if c.kind == "conserves"), key=_source_of)
    parts += [
        _conserves_sql(catalog, list(checks), day, first_day, last_day) for _, checks in groupby(conserving, _source_of)
    ]
    return f"with built as ({built})\n" + "\nunion all\n".join(parts)


def _source_of(check: Check) -> tuple[str, str, tuple[str, ...]]:
    return check.source, check.where, check.per


def _rows_sql(check: Check, day: str) -> str:
    """Rows that share a key, or lack a value."""
    names = identifiers(check.columns)
    text = literal(f"{check.kind}({', '.join(check.columns)})")
    at = identifier(day)
    if check.kind == "unique":
        found = f"select {at}, count(*) as copies from built group by {at}, {names} having count(*) > 1"
        detail = "cast(count(*) as varchar) || ' keys stand ' || cast(sum(copies) as varchar) || ' times'"
    else:
        missing = " or ".join(f"{identifier(name)} is null" for name in check.columns)
        found = f"select {at} from built where {missing}"
        detail = "cast(count(*) as varchar) || ' rows lack a value'"
    return (
        f"select {text} as failed_check, cast({at} as varchar) as failed_day, {detail} as detail"
        f" from ({found}) group by {at}"
    )


def _conserves_sql(catalog: Catalog, checks: list[Check], day: str, first_day: date, last_day: date) -> str:
    """Sums that differ from their source's, day by day and within each group of `per`. One pass over either side.

    Days that only one side has count too: the other side's sum is then 0.
    """
    first, at = checks[0], identifier(day)
    source_day = identifier(catalog.table(first.source).day_column or "")
    condition = f" and ({first.where})" if first.where else ""
    per = [identifier(name) for name in first.per]
    mine = ", ".join(f"sum({identifier(check.columns[0])}) as m{i}" for i, check in enumerate(checks))
    theirs = ", ".join(f"sum({identifier(check.source_column)}) as t{i}" for i, check in enumerate(checks))
    no_sums = ", ".join("null" for _ in checks)
    sums = ", ".join(
        f"row({literal(_shown(check))}, theirs.t{i}, mine.m{i})" for i, check in enumerate(checks)
    )
    groups = f"(select distinct {', '.join(per)} from built)" if per else "(values 'total')"
    same_group = "".join(f" and mine.{name} = groups.{name}" for name in per)
    keys = ", ".join([at, *per])
    return f"""
        select sums.failed_check, cast(theirs.at as varchar) as failed_day,
            'the source has ' || coalesce(cast(sums.theirs as varchar), 'nothing')
            || ', the build ' || coalesce(cast(sums.mine as varchar), 'nothing') as detail
        from (
            select at, {", ".join(f"max(t{i}) as t{i}" for i in range(len(checks)))}
            from (
                select {source_day} as at, {theirs} from {identifier(first.source)}
                where {source_day} between {literal(first_day)} and {literal(last_day)}{condition}
                group by {source_day}
                union all
                select distinct {at}, {no_sums} from built
            )
            group by at
        ) as theirs
        left join {groups} as groups ({", ".join(per) or "one"}) on true
        left join (select {keys}, {mine} from built group by {keys}) as mine on mine.{at} = theirs.at{same_group}
        cross join unnest(array[{sums}]) as sums (failed_check, theirs, mine)
        where coalesce(sums.theirs, 0) <> coalesce(sums.mine, 0)"""


def _shown(check: Check) -> str:
    """The check as the header wrote it."""
    equal = "" if check.source_column == check.columns[0] else f" = {check.source_column}"
    where = f" where {check.where}" if check.where else ""
    per = f", per {', '.join(check.per)}" if check.per else ""
    return f"conserves({check.columns[0]}{equal}, {check.source}{where}{per})"

