"""The schema step: views follow sql/, reference data follows config/, and nothing that would lose data goes through."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lake.catalog import Catalog, ReferenceRow
from lake.configuration import GROUPS, Account, BudgetRule, Configuration, Notifications
from lake.errors import ConfigurationError
from lake.relations import Column, Table, View
from schema.reference_tables import reference_tables
from schema.state import schema_state
from schema.step import PARTITION_INDEX, SchemaStep
from tests.support.lake_on_trino import TrinoLake

ROLE_ARN = "arn:aws:iam::{account_id}:role/outlay"
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
    lake: TrinoLake,
    old: dict[str, object],
    catalog: Catalog,
    configuration: Configuration = CONFIGURATION,
    *,
    destructive: bool = False,
) -> dict[str, object]:
    """One deployment; returns its state, the next one's old."""
    step = SchemaStep(replace(lake.lake, catalog=catalog, configuration=configuration), lake.athena)
    new = schema_state(catalog, reference_tables(catalog, configuration, ROLE_ARN))
    step.apply(old, new, NOW, allow_destructive=destructive, role_arn=ROLE_ARN)
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


def test_a_rule_that_changes_is_logged_for_its_own_table_alone(lake: TrinoLake) -> None:
    state = apply(lake, {}, lake.catalog)
    before = {row["migration_id"] for row in lake.rows("select migration_id from _migrations")}
    changed = replace(CONFIGURATION, budgets=(replace(RULE, limit_usd=Decimal("5.00")),))
    apply(lake, state, lake.catalog, changed)
    logged = lake.rows("select migration_id, relation, kind, change from _migrations")
    new = [(r["relation"], r["kind"], r["change"]) for r in logged if r["migration_id"] not in before]
    assert new == [("outlay.budget_rules", "reference", "changed")]
    assert lake.rows("select limit_usd from budget_rules") == [{"limit_usd": Decimal("5.00")}]


PRICES = Table(
    "outlay",
    "prices",
    "What a unit costs.",
    ("sku",),
    (
        Column("sku", "string", "Id"),
        Column("usd", "decimal(10,4)", "Price in USD"),
        Column("units", "bigint", "Units"),
        Column("share", "double", "Share"),
        Column("small", "int", "Small"),
        Column("is_listed", "boolean", "Listed"),
        Column("since", "date", "Since"),
        Column("seen_at", "timestamp", "Seen, UTC"),
    ),
)
LISTED = {
    "sku": "a",
    "usd": "0.1250",
    "units": "9000000000",
    "share": "1.5e-1",
    "small": "-7",
    "is_listed": "true",
    "since": "2026-11-01",
    "seen_at": "2026-11-20 09:00:00.250",
}
UNKNOWN = {name: "b" if name == "sku" else None for name in LISTED}


def with_prices(catalog: Catalog, *rows: ReferenceRow) -> Catalog:
    """The catalog with a table that a CSV fills; it travels as the functions get it."""
    filled = replace(catalog, tables=(*catalog.tables, PRICES), reference_rows={"outlay.prices": rows})
    return Catalog.from_json(filled.to_json())


def references_logged(lake: TrinoLake) -> list[tuple[str, str]]:
    """Relation and change of what is logged about reference tables, in order."""
    rows = lake.rows("select relation, change from _migrations where kind = 'reference'")
    return sorted((row["relation"], row["change"]) for row in rows)


def test_a_table_from_a_csv_is_written_in_its_types_and_logged_when_its_rows_change(lake: TrinoLake) -> None:
    state = apply(lake, {}, lake.catalog)
    before = references_logged(lake)
    table = PRICES.glue_input(lake.environment.bucket)
    lake.glue.create_table(DatabaseName=lake.environment.database("outlay"), TableInput=table)
    state = apply(lake, state, with_prices(lake.catalog, LISTED, UNKNOWN))
    first = {
        "sku": "a",
        "usd": Decimal("0.1250"),
        "units": 9_000_000_000,
        "share": 0.15,
        "small": -7,
        "is_listed": True,
        "since": date(2026, 11, 1),
        "seen_at": datetime(2026, 11, 20, 9, 0, 0, 250_000, tzinfo=UTC),
    }
    assert lake.rows("select * from prices order by sku") == [first, UNKNOWN]
    assert references_logged(lake) == sorted([*before, ("outlay.prices", "changed")])
    apply(lake, state, with_prices(lake.catalog, LISTED, UNKNOWN))
    assert references_logged(lake) == sorted([*before, ("outlay.prices", "changed")])
    apply(lake, state, with_prices(lake.catalog, {**LISTED, "usd": "0.1300"}))
    assert lake.rows("select sku, usd from prices") == [{"sku": "a", "usd": Decimal("0.1300")}]
    assert references_logged(lake) == sorted([*before, ("outlay.prices", "changed"), ("outlay.prices", "changed")])


def test_a_csv_that_goes_while_its_table_stays_is_refused_and_its_header_alone_empties_the_table(lake: TrinoLake) -> None:
    table = PRICES.glue_input(lake.environment.bucket)
    lake.glue.create_table(DatabaseName=lake.environment.database("outlay"), TableInput=table)
    state = apply(lake, {}, with_prices(lake.catalog, LISTED))
    without = replace(lake.catalog, tables=(*lake.catalog.tables, PRICES))
    with pytest.raises(ConfigurationError, match="outlay.prices: no longer filled.*its header alone empties the table"):
        apply(lake, state, without)
    apply(lake, state, with_prices(lake.catalog))
    assert lake.rows("select * from prices") == []


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
