"""A relation is (database, name): two databases may have relations of one name, and a prefix goes in front of databases alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.catalog_parser import parse_catalog
from infra.prefixing import prefixed, with_database_prefix
from lake.errors import ConfigurationError

TABLE = """-- What one row is.
-- grain:     id
-- retention: forever
create external table {name} (id string comment 'Id')
stored as parquet
"""


def write(sql: Path, relation: str, text: str, kind: str = "views") -> None:
    database, _, name = relation.partition(".")
    path = sql / database / kind / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_two_databases_have_relations_of_one_name_and_each_reads_its_own(tmp_path: Path) -> None:
    for database in ("outlay", "databricks"):
        write(tmp_path, f"{database}.costs", TABLE.format(name="costs"), "tables")
        write(tmp_path, f"{database}.cost_anomalies", "-- Odd ones.\n-- grain: id\nselect id\nfrom costs")
    catalog = parse_catalog(tmp_path)
    assert {view.full_name: view.references for view in catalog.views} == {
        "outlay.cost_anomalies": ("outlay.costs",),
        "databricks.cost_anomalies": ("databricks.costs",),
    }
    assert catalog.table("outlay.costs").prefix != catalog.table("databricks.costs").prefix


def test_what_another_database_has_is_named_with_it_and_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "outlay.costs", TABLE.format(name="costs"), "tables")
    write(tmp_path, "a.costs", "-- Mine.\n-- grain: id\nselect id\nfrom b.costs")
    write(
        tmp_path, "b.costs", "-- Theirs.\n-- grain: id\nwith costs as (select id from outlay.costs)\nselect id\nfrom costs"
    )
    catalog = parse_catalog(tmp_path)
    assert [view.full_name for view in catalog.views] == ["b.costs", "a.costs"]
    assert catalog.views[0].references == ("outlay.costs",)


def test_a_table_and_a_view_of_one_name_in_one_database_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "outlay.costs", TABLE.format(name="costs"), "tables")
    write(tmp_path, "outlay.costs", "-- Mine.\n-- grain: id\nselect id\nfrom other")
    with pytest.raises(ConfigurationError, match=r"outlay/views/costs\.sql: outlay\.costs is a table, too"):
        parse_catalog(tmp_path)


def test_a_name_without_its_database_is_looked_for_in_the_own_one(tmp_path: Path) -> None:
    write(tmp_path, "outlay.costs", TABLE.format(name="costs"), "tables")
    write(tmp_path, "a.costs_by_day", "-- Mine.\n-- grain: id\nselect id\nfrom costs")
    with pytest.raises(ConfigurationError, match=r"it reads 'a\.costs', .* written database\.name"):
        parse_catalog(tmp_path)


SQL = """with costs as (select id from costs) -- outlay.costs
select 'outlay.costs' as text, outlay.costs.id, p."x"
from outlay.costs
join "databricks" . prices as p on p.id = outlay.costs.id"""


def test_a_prefix_goes_in_front_of_databases_and_changes_nothing_else() -> None:
    assert (
        prefixed(SQL, "h_")
        == """with costs as (select id from costs) -- outlay.costs
select 'outlay.costs' as text, h_outlay.costs.id, p."x"
from h_outlay.costs
join "h_databricks" . prices as p on p.id = h_outlay.costs.id"""
    )


def test_the_empty_prefix_leaves_every_text_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "outlay.costs", TABLE.format(name="costs"), "tables")
    write(tmp_path, "a.costs", "-- Mine.\n-- grain: id\nselect id\nfrom outlay.costs")
    catalog = parse_catalog(tmp_path)
    assert with_database_prefix(catalog, "") is catalog
    assert with_database_prefix(catalog, "h_").views[0].sql.endswith("from h_outlay.costs")
    assert with_database_prefix(catalog, "h_").views[0].references == ("outlay.costs",)
