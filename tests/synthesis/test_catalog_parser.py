"""sql/ is read strictly: what is wrong is named with its file, its value and what would be right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.catalog_parser import parse_catalog
from lake.catalog import Catalog
from lake.errors import ConfigurationError
from schema.reference_tables import FROM_CONFIGURATION
from tests.support.catalog import CATALOG, ROOT

ROLLUP, TABLE, VIEW = "rollups/cost_rollup_daily.sql", "tables/cost_hourly.sql", "views/aws_accounts.sql"
MISTAKES = {
    "no sentence": (TABLE, "-- What each resource cost in each hour, from every source's bill.\n", "", "has no sentence"),
    "unknown key": (TABLE, "-- retention:", "-- keep:", "the header's key 'keep' is unknown; tables take grain"),
    "key missing": (ROLLUP, "-- parameters: first_day, last_day\n", "", "the header lacks `parameters:`"),
    "what the table says": (
        ROLLUP,
        "-- parameters:",
        "-- grain: day\n-- parameters:",
        "the header's key 'grain' is unknown",
    ),
    "not the table's grain": (
        ROLLUP,
        "unique(day, dimension, ",
        "unique(day, ",
        "must hold one unique(...), the table's grain",
    ),
    "unknown retention": (TABLE, "1 year", "2 years", "`retention: 2 years` is unknown; use one of forever, 90 days"),
    "retention by another column": (
        "tables/resource_events.sql",
        "forever where event_type",
        "forever where collector",
        "`retention:` looks at 'collector'; it can look at the first partition column alone",
    ),
    "grain is no column": (
        TABLE,
        "-- grain:     hour,",
        "-- grain:     hours,",
        "`grain:` names 'hours', which is no column",
    ),
    "column without comment": (TABLE, "comment 'Bill lines'", "", "column 'event_count' has no comment"),
    "column type": (
        TABLE,
        " bigint ",
        " tinyint ",
        "column 'event_count': column type 'tinyint' is not one that the lake stores",
    ),
    "other table's name": (TABLE, "create external table cost_hourly", "create external table cost", "creates 'cost'"),
    "column order": (
        ROLLUP,
        "    level,\n    ancestor_id,\n    sum",
        "    ancestor_id,\n    level,\n    sum",
        "as column 2",
    ),
    "parameters": (ROLLUP, "first_day, last_day", "first_day", "must name each of the 2 `?`"),
    "reads": (
        ROLLUP,
        "reads:      cost_daily 0..0",
        "reads:      cost_daily 0..0 maybe",
        "`reads: cost_daily 0..0 maybe` is no",
    ),
    "reads another": (ROLLUP, "reads:      cost_daily", "reads:      anomalies", "the SQL reads ['outlay.cost_daily']"),
    "check": (ROLLUP, "unique(day", "distinct(day", "is none of unique(a, b)"),
    "unknown relation": (
        VIEW,
        "from collection_coverage",
        "from coverage",
        "it reads 'outlay.coverage', which sql/ declares neither",
    ),
    "star": (VIEW, "    account_settings.account_name,\n", "    account_settings.*,\n", "no * and no unnamed expression"),
    "syntax": (VIEW, "full join scans", "full joyn scans", "cannot be parsed"),
    "two statements": (VIEW, "with\nscans", "select 1 as one;\nwith\nscans", "holds 2 statements"),
    "circle": (
        "views/collection_coverage.sql",
        "inner join newest",
        "inner join aws_accounts on true inner join newest",
        "in a circle",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_error_that_names_the_file(mistake: tuple[str, str, str, str], tmp_path: Path) -> None:
    name, old, new, words = mistake
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    path = tmp_path / "sql" / "outlay" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        parse_catalog(tmp_path / "sql")
    assert words in str(caught.value)
    if "circle" not in words:
        assert f"sql/outlay/{name}" in str(caught.value)


def test_the_shipped_catalog_is_the_parsed_one() -> None:
    assert Catalog.from_json(CATALOG.to_json()) == CATALOG


def test_rollups_and_views_stand_after_what_they_read() -> None:
    for relations in (CATALOG.rollups, CATALOG.views):
        names = [relation.name for relation in relations]
        for relation in relations:
            for reference in relation.references:
                assert reference not in names or names.index(reference) < names.index(relation.name)


def test_every_table_is_filled_by_a_rollup_or_named_as_written_by_code() -> None:
    written = {f"outlay.{name}" for name in ("resource_events", "collector_runs", "notifications", "_migrations")}
    written |= FROM_CONFIGURATION.keys() | CATALOG.reference_rows.keys()
    assert {table.full_name for table in CATALOG.tables} == written | {rollup.full_name for rollup in CATALOG.rollups}


def test_every_money_column_is_a_decimal_in_dollars() -> None:
    for table in CATALOG.tables:
        for column in table.columns:
            if column.name.endswith("_usd") or column.name == "daily_cost":
                assert column.type.startswith("decimal("), f"{table.name}.{column.name}"
                assert "USD" in column.comment, f"{table.name}.{column.name}"


def test_what_athena_runs_as_a_view_or_an_unload_has_no_comments(tmp_path: Path) -> None:
    sql = Path(shutil.copytree(ROOT / "sql", tmp_path / "sql"))
    view = sql / "outlay" / VIEW
    view.write_text(
        view.read_text(encoding="utf-8").replace("from collection_coverage", "/* of -- */ from collection_coverage")
    )
    plain, commented = CATALOG.views, parse_catalog(sql).views
    texts = [relation.sql for relation in (*commented, *CATALOG.views, *CATALOG.rollups)]
    assert [text for text in texts if "--" in text or "/*" in text] == []
    assert [(v.name, v.sql.split()) for v in commented] == [(v.name, v.sql.split()) for v in plain]
