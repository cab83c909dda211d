"""Partition indexes as Glue keeps them: what it refuses, and that an index ends with its table."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.engine.conftest import Lake, events_table


def index(glue: Any, name: str, *keys: str, table: str = "indexed") -> None:
    glue.create_partition_index(DatabaseName="lake", TableName=table, PartitionIndex={"IndexName": name, "Keys": list(keys)})


@pytest.fixture
def glue(events: Lake) -> Any:
    """Glue with a table of its own for each test, partitioned by a place, a day and a price."""
    glue = events.client("glue")
    keys = [{"Name": "place", "Type": "string"}, {"Name": "day", "Type": "date"}, {"Name": "price", "Type": "decimal(9,2)"}]
    glue.create_table(DatabaseName="lake", TableInput={**events_table(), "Name": "indexed", "PartitionKeys": keys})
    yield glue
    glue.delete_table(DatabaseName="lake", Name="indexed")


def listed(glue: Any) -> dict[str, tuple[str, list[str]]]:
    found = glue.get_partition_indexes(DatabaseName="lake", TableName="indexed")["PartitionIndexDescriptorList"]
    return {one["IndexName"]: (one["IndexStatus"], [key["Name"] for key in one["Keys"]]) for one in found}


def test_indexes_are_made_listed_and_deleted(glue: Any) -> None:
    assert listed(glue) == {}
    index(glue, "both", "place", "day")
    index(glue, "days", "day")
    assert listed(glue) == {"both": ("ACTIVE", ["place", "day"]), "days": ("ACTIVE", ["day"])}
    glue.delete_partition_index(DatabaseName="lake", TableName="indexed", IndexName="both")
    assert set(listed(glue)) == {"days"}


@pytest.mark.parametrize(
    ("name", "keys", "table", "code"),
    [
        ("days", ["place"], "indexed", "AlreadyExistsException"),
        ("other", ["cost_usd"], "indexed", "InvalidInputException"),
        ("other", ["day", "price"], "indexed", "InvalidInputException"),
        ("other", ["day"], "nowhere", "EntityNotFoundException"),
    ],
    ids=["a name twice", "a column that is no key", "a type that has no index", "no table"],
)
def test_what_glue_refuses(glue: Any, name: str, keys: list[str], table: str, code: str) -> None:
    index(glue, "days", "day")
    with pytest.raises(ClientError, match=code):
        index(glue, name, *keys, table=table)
    assert listed(glue) == {"days": ("ACTIVE", ["day"])}


def test_a_table_has_three_indexes_at_most(glue: Any) -> None:
    for name, keys in (("one", ["day"]), ("two", ["place"]), ("three", ["place", "day"])):
        index(glue, name, *keys)
    with pytest.raises(ClientError, match="ResourceNumberLimitExceededException"):
        index(glue, "four", "day", "place")


def test_an_index_that_is_not_there_is_not_deleted(glue: Any) -> None:
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.delete_partition_index(DatabaseName="lake", TableName="indexed", IndexName="none")
