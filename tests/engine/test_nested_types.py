"""Structs and maps of structs come back from SQL as the writer was given them, and are typed as sql/ declares them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from infra.catalog_parser import parse_catalog
from lake.relations import Table
from lake.writer import ParquetObject
from tests.support.lake_on_trino import TrinoLake

DECLARED = """-- Prices of SKUs.
-- grain:     sku
-- retention: forever
create external table nested_prices (
    sku    string                                                comment 'Id',
    list   struct<unit: string, amount: decimal(18, 8)>          comment 'Price, in USD',
    tiers  map<string, array<struct<up_to: bigint, usd: double>>> comment 'By region'
)
stored as parquet
"""


def declared(folder: Path) -> Table:
    path = folder / "outlay" / "tables" / "nested_prices.sql"
    path.parent.mkdir(parents=True)
    path.write_text(DECLARED, encoding="utf-8")
    return parse_catalog(folder).table("outlay.nested_prices")


def test_a_struct_and_a_map_of_structs_make_the_round_trip(lake: TrinoLake, tmp_path: Path) -> None:
    table = declared(tmp_path)
    bucket, database = lake.environment.bucket, lake.environment.database("outlay")
    lake.glue.create_table(DatabaseName=database, TableInput=table.glue_input(bucket))
    rows = [
        {"sku": "a", "list": {"unit": "DBU", "amount": Decimal("0.15")}, "tiers": [("eu", [{"up_to": 10, "usd": 1.5}])]},
        {"sku": "b", "list": None, "tiers": []},
    ]
    with ParquetObject(lake.s3, bucket, f"{table.prefix}rows.parquet", table) as target:
        target.write(pa.Table.from_pylist(rows, schema=table.arrow_schema))
    assert lake.rows(
        "select sku, list.unit as unit, list.amount as amount, tiers['eu'][1].usd as usd from nested_prices where sku = 'a'"
    ) == [{"sku": "a", "unit": "DBU", "amount": Decimal("0.15000000"), "usd": 1.5}]
    assert lake.rows("select sku from nested_prices where list is null and cardinality(tiers) = 0") == [{"sku": "b"}]
    assert [column.type for column in table.columns[1:]] == [
        "struct<unit:string,amount:decimal(18,8)>",
        "map<string,array<struct<up_to:bigint,usd:double>>>",
    ]
