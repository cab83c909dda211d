"""Tags come from every column that carries some; the resource's own come first, and none is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import CUR, TEXT_MAP, Export, cur_table, line, run, seen, with_bills

MakeLake = Callable[..., Lake]
MAP = [("user_environment", "prod")]
COLUMNS: dict[str, dict[str, tuple[list[Any], pa.DataType]]] = {
    "the newer column": {"tags": ([[("resourceTags/user_environment", "prod")]], TEXT_MAP)},
    "a list of key and value": {
        "tags": (
            [[{"key": "user_environment", "value": "prod"}]],
            pa.list_(pa.struct({"key": pa.string(), "value": pa.string()})),
        )
    },
    "a struct": {
        "tags": (
            [{"user_environment": "prod", "user_other": None}],
            pa.struct({"user_environment": pa.string(), "user_other": pa.string()}),
        )
    },
    "text by number": {"resource_tags": (['{"user_environment": "prod"}'], pa.dictionary(pa.int32(), pa.string()))},
    "JSON": {"resource_tags": (['{"user_environment": "prod"}'], pa.string())},
    "a column of one key": {"resource_tags.user_environment": (["prod"], pa.string())},
    "a column of one key, flattened": {"resource_tags_user_environment": (["prod"], pa.string())},
    "an account's tag": {"tags": ([[("accountTag/env", "prod")]], TEXT_MAP)},
    "a column of account tags": {"account_tags": ([[("env", "prod")]], TEXT_MAP)},
    "a cost category": {"cost_category": ([[("Environment", "prod")]], TEXT_MAP)},
    "an empty map beside another": {"resource_tags": ([[]], TEXT_MAP), "tags": ([[("resourceTags/env", "prod")]], TEXT_MAP)},
}


def deliver(lake: Lake, columns: dict[str, tuple[list[Any], pa.DataType]], rows: int = 1) -> list[dict[str, Any]]:
    table = cur_table([line(day=day + 1) for day in range(rows)]).drop(["resource_tags", "cost_category"])
    for name, (values, kind) in columns.items():
        table = table.append_column(name, pa.array(values, kind))
    Export(lake).deliver(table)
    assert run(lake).failures == []
    return sorted(seen(lake).to_pylist(), key=lambda row: row["event_date"])


@pytest.mark.parametrize("case", COLUMNS)
def test_a_group_is_found_wherever_the_bill_keeps_the_tag(make_lake: MakeLake, case: str) -> None:
    (row,) = deliver(with_bills(make_lake(), CUR), COLUMNS[case])
    assert row["env"] == "prod"


def test_the_resources_own_tag_comes_first_and_the_others_are_kept(make_lake: MakeLake) -> None:
    columns = {
        "resource_tags": ([[("user_env", "prod")], [("user_customer", "acme")], None], TEXT_MAP),
        "tags": ([[("accountTag/env", "dev")], [("accountTag/env", "dev")], [("resourceTags/user_team", "a")]], TEXT_MAP),
        "cost_category": ([[("Env", "other")], None, [("Env", "other")]], TEXT_MAP),
    }
    rows = deliver(with_bills(make_lake(), CUR), columns, rows=3)
    assert [row["env"] for row in rows] == ["prod", "dev", "other"]
    assert [dict(row["tags"]) for row in rows] == [
        {"env": "prod", "accountTag/env": "dev", "costCategory/Env": "other"},
        {"customer": "acme", "env": "dev"},
        {"team": "a", "Env": "other"},
    ]
