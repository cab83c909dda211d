"""The schema step: views follow sql/, reference data follows config/, and nothing that would lose data goes through."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lake.catalog import Catalog
from lake.configuration import GROUPS, Account, BudgetRule, Configuration, Notifications
from lake.errors import ConfigurationError
from lake.relations import Column, Table, View
from schema.state import schema_state
from schema.step import PARTITION_INDEX, SchemaStep
from tests.support.lake_on_trino import TrinoLake

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULE = BudgetRule("r", "why", "account", "total", None, "daily", Decimal("9.99"), "unblended", "warning", None)
CONFIGURATION = Configuration(
    accounts=(Account("111111111111", "prod", "production", ("us-east-1", "eu-west-1")),),
    grouping=dict.fromkeys(GROUPS, ()),
    bills=(),
    budgets=(RULE,),
    notifications=Notifications("#costs"),
)


def apply(
    lake: TrinoLake, old: dict[str, object], catalog: Catalog, *, reference: str = "a", destructive: bool = False
) -> dict[str, object]:
    """One deployment; returns its state, the next one's old."""
    step = SchemaStep(replace(lake.lake, catalog=catalog, configuration=CONFIGURATION), lake.athena)
    new = schema_state(catalog, reference)
    step.apply(old, new, NOW, allow_destructive=destructive, role_arn="arn:aws:iam::{account_id}:role/outlay")
    return new


def relations(lake: TrinoLake) -> set[str]:
    return {next(iter(row.values())) for row in lake.rows("show tables")}


def test_a_first_deployment_makes_every_view_and_fills_the_reference_tables(lake: TrinoLake) -> None:
    apply(lake, {}, lake.catalog)
    assert {view.name for view in lake.catalog.views} <= relations(lake)
    assert lake.rows("select rule_id, limit_usd from budget_rules") == [{"rule_id": "r", "limit_usd": Decimal("9.99")}]
    (account,) = lake.rows("select role_arn, cardinality(regions) as regions from account_settings")
    assert account == {"role_arn": "arn:aws:iam::111111111111:role/outlay", "regions": 2}
    logged = lake.rows("select relation, kind, change from _migrations")
    assert {row["relation"] for row in logged if row["change"] == "created"} >= {
        "outlay.cost_hourly",
        "outlay.resource_snapshots",
    }


def test_a_view_changed_added_and_dropped_and_a_column_added_are_logged(lake: TrinoLake) -> None:
    extra = View("outlay", "extra", "Extra.", ("one",), "select 1 as one", (Column("one", "", ""),), ())
    before = dataclasses.replace(lake.catalog, views=(*lake.catalog.views, extra))
    state = apply(lake, {}, before)
    lake.athena.execute("create view a_persons_own as select 1 as one")
    changed = dataclasses.replace(lake.catalog.views[0], sql=lake.catalog.views[0].sql + "\nlimit 5")
    tables = tuple(
        dataclasses.replace(t, columns=(*t.columns, Column("note", "string", "x"))) if t.name == "budget_rules" else t
        for t in lake.catalog.tables
    )
    added = dataclasses.replace(extra, name="added")
    after = dataclasses.replace(lake.catalog, tables=tables, views=(changed, *lake.catalog.views[1:], added))
    apply(lake, state, after)
    assert {"added", "a_persons_own"} <= relations(lake)
    assert "extra" not in relations(lake)
    logged = {(row["relation"], row["change"]) for row in lake.rows("select relation, change from _migrations")}
    assert logged >= {
        (changed.full_name, "changed"),
        ("outlay.added", "created"),
        ("outlay.extra", "dropped"),
        ("outlay.budget_rules", "column added: note string"),
    }


def test_the_same_deployment_twice_changes_and_logs_nothing(lake: TrinoLake) -> None:
    state = apply(lake, {}, lake.catalog)
    before = lake.rows("select count(*) as n from _migrations")
    apply(lake, state, lake.catalog)
    assert lake.rows("select count(*) as n from _migrations") == before


def test_going_back_on_the_same_day_is_logged_beside_the_way_there(lake: TrinoLake) -> None:
    state = apply(lake, {}, lake.catalog)
    fewer = dataclasses.replace(lake.catalog, views=lake.catalog.views[:-1])
    apply(lake, apply(lake, state, fewer), lake.catalog)
    logged = {(row["relation"], row["change"]) for row in lake.rows("select relation, change from _migrations")}
    last = lake.catalog.views[-1].full_name
    assert logged >= {(last, "dropped"), (last, "created"), ("outlay.budget_rules", "created")}


def test_a_lost_or_retyped_column_is_refused_before_anything_is_touched(lake: TrinoLake) -> None:
    state = apply(lake, {}, lake.catalog)
    tables = tuple(
        dataclasses.replace(t, columns=t.columns[1:]) if t.name == "anomalies" else t for t in lake.catalog.tables
    )
    lost = dataclasses.replace(lake.catalog, tables=tables, views=lake.catalog.views[:-1])
    with pytest.raises(ConfigurationError, match="anomalies: column dropped: dimension.*allow_destructive_changes: true"):
        apply(lake, state, lost)
    assert lake.catalog.views[-1].name in relations(lake)
    apply(lake, state, lost, destructive=True)
    assert lake.catalog.views[-1].name not in relations(lake)


def indexes(lake: TrinoLake, table: Table) -> dict[str, list[str]]:
    """The columns of each of a table's partition indexes, by its name."""
    database = lake.environment.database(table.database)
    found = lake.glue.get_partition_indexes(DatabaseName=database, TableName=table.name)["PartitionIndexDescriptorList"]
    return {index["IndexName"]: [key["Name"] for key in index["Keys"]] for index in found}


def test_every_partitioned_table_gets_one_index_over_its_partition_columns(lake: TrinoLake) -> None:
    tables = (*lake.catalog.tables, *(lake.catalog.builds_table(rollup) for rollup in lake.catalog.rollups))
    by_hand = lake.catalog.table("outlay.resource_events")
    lake.touch(by_hand.name)
    lake.glue.create_partition_index(
        DatabaseName=lake.environment.database(by_hand.database),
        TableName=by_hand.name,
        PartitionIndex={"IndexName": "by_hand", "Keys": [column.name for column in by_hand.partition]},
    )
    state = apply(lake, {}, lake.catalog)
    apply(lake, state, lake.catalog)
    for table in tables:
        name = "by_hand" if table == by_hand else PARTITION_INDEX
        expected = {name: [column.name for column in table.partition]} if table.partition else {}
        assert indexes(lake, table) == expected, table.full_name
