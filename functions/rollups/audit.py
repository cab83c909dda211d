"""Holds a build against its rollup's checks, in Athena, before anybody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from lake.athena import Athena, QueryRow
from lake.catalog import BUILD_COLUMN
from lake.errors import AuditError, ConfigurationError
from lake.lake import Lake
from lake.relations import Check, Rollup
from lake.sql_text import identifier, identifiers, literal
from lake.times import days_between

MOST_SHOWN = 10
CONTENT = "content"
"""Among the rows of an audit: not a failure, but what a day and group holds."""


def audit(lake: Lake, athena: Athena, rollup: Rollup, build: str, first_day: date, last_day: date) -> dict[date, str]:
    """A checksum of each day's rows, whatever their order; the same rows always have the same one.

    Raises AuditError where a check finds a row that should not be; it says where to look at the rejected rows.
    """
    found = athena.rows(audit_sql(lake, rollup, build, first_day, last_day))
    failures = [row for row in found if row["failed_check"] != CONTENT]
    if not failures:
        return _contents(found, days_between(first_day, last_day))
    shown = "; ".join(f"{row['failed_check']} on {row['failed_day']}: {row['detail']}" for row in failures[:MOST_SHOWN])
    builds = lake.environment.sql_name(lake.catalog.builds_table(rollup).full_name)
    raise AuditError(
        f"{rollup.full_name} was not published: {shown}. To look at the rejected rows: "
        f"select * from {builds} where {BUILD_COLUMN} = {literal(build)}"
    )


def _contents(found: list[QueryRow], days: list[date]) -> dict[date, str]:
    """One digest a day, of the checksums of its groups; a day without rows has that of nothing."""
    by_day: dict[str, list[str]] = {day.isoformat(): [] for day in days}
    for row in found:
        if row["detail"] is not None:
            by_day[row["failed_day"]].append(row["detail"])
    return {day: sha256("\x1e".join(sorted(by_day[day.isoformat()])).encode()).hexdigest()[:32] for day in days}


def audit_sql(lake: Lake, rollup: Rollup, build: str, first_day: date, last_day: date) -> str:
    """One query for all checks of a rollup; its rows are the failures: failed_check, failed_day, detail.

    Beside them it has a row for each day and group whose failed_check is CONTENT: a checksum of the rows, and their number.

    The build is read once: its rows are gathered by key, the keys by day and group, and all checks look at those few rows.
    """
    builds = lake.environment.sql_name(lake.catalog.builds_table(rollup).full_name)
    day = lake.catalog.table(rollup.full_name).day_column or ""
    unique = next(check for check in rollup.checks if check.kind == "unique")
    conserved = [check for check in rollup.checks if check.kind == "conserves"]
    per = conserved[0].per if conserved else ()
    missing = [name for check in rollup.checks if check.kind == "not_null" for name in check.columns]
    keys = identifiers(list(dict.fromkeys([day, *unique.columns])))
    groups = identifiers([day, *per])
    lacking = " or ".join(f"{identifier(name)} is null" for name in missing) or "false"
    sums = [f"sum({identifier(check.columns[0])}) as mine{i}" for i, check in enumerate(conserved)]
    totals = [f"sum(mine{i}) as mine{i}" for i, _ in enumerate(conserved)]
    window = f"between {literal(first_day)} and {literal(last_day)}"
    columns = identifiers([column.name for column in lake.catalog.table(rollup.full_name).all_columns])
    by_key = ", ".join(
        [
            keys,
            "count(*) as copies",
            f"count_if({lacking}) as lacking",
            f"checksum(row({columns})) as rows_checksum",
            *sums,
        ]
    )
    by_group = ", ".join(
        [
            groups,
            "sum(if(copies > 1, copies, 0)) as copies",
            "sum(copies) as row_count",
            "checksum(rows_checksum) as rows_checksum",
            "sum(lacking) as lacking",
            f"count(*) over (partition by {identifier(day)}) as group_count",
            *totals,
        ]
    )
    return f"""
        with by_key as (
            select {by_key}
            from {builds}
            where {BUILD_COLUMN} = {literal(build)} and {identifier(day)} {window}
            group by {keys}
        ),
        by_group as (
            select {by_group}
            from by_key
            group by {groups}
        ),
        built as (
            select *, max(group_count) over () as most_groups
            from by_group
        )
        select found.failed_check, cast(coalesce(built.{identifier(day)}, theirs.at) as varchar) as failed_day, found.detail
        from built
        full join ({_source_sql(lake, conserved, window)}) as theirs on theirs.at = built.{identifier(day)}
        cross join unnest(array[{_findings_sql(unique, missing, conserved)}]) as found (failed_check, is_failed, detail)
        where found.is_failed"""


def _source_sql(lake: Lake, conserved: list[Check], window: str) -> str:
    """Sums of what the build was made from, by day; no rows where nothing is conserved."""
    if not conserved:
        return "select cast(null as date) as at where false"
    first = conserved[0]
    if any((check.source, check.where, check.per) != (first.source, first.where, first.per) for check in conserved):
        raise ConfigurationError(f"{_shown(first)}: all conserves() of a rollup must name one source, condition and groups")
    at = identifier(lake.catalog.table(first.source).day_column or "")
    condition = f" and ({first.where})" if first.where else ""
    sums = ", ".join(f"sum({identifier(check.source_column)}) as theirs{i}" for i, check in enumerate(conserved))
    source = lake.environment.sql_name(first.source)
    return f"select {at} as at, {sums} from {source} where {at} {window}{condition} group by {at}"


def _findings_sql(unique: Check, missing: list[str], conserved: list[Check]) -> str:
    """Each check as a row: its text, whether it failed, and what it saw."""
    findings = [
        f"row({literal(_named(unique.columns, 'unique'))}, coalesce(copies, 0) > 0, "
        "cast(copies as varchar) || ' rows share their key with another')",
        f"row({literal(_named(missing, 'not_null'))}, coalesce(lacking, 0) > 0, "
        "cast(lacking as varchar) || ' rows lack a value')",
    ]
    for i, check in enumerate(conserved):
        findings.append(
            f"row({literal(_shown(check))}, coalesce(theirs{i}, 0) <> coalesce(mine{i}, 0), "
            f"'the source has ' || coalesce(cast(theirs{i} as varchar), 'nothing')"
            f" || ', the build ' || coalesce(cast(mine{i} as varchar), 'nothing'))"
        )
    if conserved and conserved[0].per:
        findings.append(
            f"row({literal(_shown(conserved[0]))}, coalesce(group_count, 0) < coalesce(most_groups, 1), "
            "'only ' || cast(group_count as varchar) || ' of ' || cast(most_groups as varchar) || ' groups')"
        )
    findings.append(
        f"row({literal(CONTENT)}, rows_checksum is not null, to_hex(rows_checksum) || ' ' || cast(row_count as varchar))"
    )
    return ", ".join(findings)


def _shown(check: Check) -> str:
    """The check as the header wrote it."""
    equal = "" if check.source_column == check.columns[0] else f" = {check.source_column}"
    where = f" where {check.where}" if check.where else ""
    per = f", per {', '.join(check.per)}" if check.per else ""
    return f"conserves({check.columns[0]}{equal}, {check.source}{where}{per})"


def _named(columns: Sequence[str], kind: str) -> str:
    return f"{kind}({', '.join(columns)})"
