"""Glue's partition indexes, which moto does not keep: it has no CreatePartitionIndex, and lists none."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import (
    AlreadyExistsException,
    EntityNotFoundException,
    InvalidInputException,
    ResourceNumberLimitExceededException,
)
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

MOST_OF_A_TABLE = 3
_INDEXED_TYPES = ("string", "char", "varchar", "int", "bigint", "long", "tinyint", "smallint", "date")


def install() -> None:
    """Teach moto's Glue to make, list and delete partition indexes; one that is made is active at once."""
    for method in (create_partition_index, get_partition_indexes, delete_partition_index):
        setattr(GlueResponse, method.__name__, method)


def create_partition_index(self: GlueResponse) -> ActionResult:
    """CreatePartitionIndex: refuses a fourth index, a second of a name, and keys that no index can have."""
    table, wanted = _table(self), self.parameters["PartitionIndex"]
    indexes, name = _indexes(table), wanted["IndexName"]
    if name in indexes:
        raise AlreadyExistsException("Index")
    types = {key["Name"]: key["Type"].lower() for key in table.as_dict().get("PartitionKeys") or ()}
    if unfit := [key for key in wanted["Keys"] if types.get(key, "").partition("(")[0] not in _INDEXED_TYPES]:
        raise InvalidInputException("CreatePartitionIndex", f"Keys {unfit} are no partition keys that can be indexed")
    if len(indexes) >= MOST_OF_A_TABLE:
        raise ResourceNumberLimitExceededException(f"A table may have {MOST_OF_A_TABLE} partition indexes")
    indexes[name] = {
        "IndexName": name,
        "Keys": [{"Name": key, "Type": types[key]} for key in wanted["Keys"]],
        "IndexStatus": "ACTIVE",
    }
    return EmptyResult()


def get_partition_indexes(self: GlueResponse) -> ActionResult:
    """GetPartitionIndexes: all of a table's, on one page."""
    return ActionResult({"PartitionIndexDescriptorList": list(_indexes(_table(self)).values())})


def delete_partition_index(self: GlueResponse) -> ActionResult:
    """DeletePartitionIndex, by name."""
    if _indexes(_table(self)).pop(self.parameters["IndexName"], None) is None:
        raise EntityNotFoundException(f"Index {self.parameters['IndexName']} not found.")
    return EmptyResult()


def _table(call: GlueResponse) -> FakeTable:
    return call.glue_backend.get_table(call.parameters["DatabaseName"], call.parameters["TableName"])


def _indexes(table: FakeTable) -> dict[str, dict[str, Any]]:
    """By name; they hang on moto's table, so that they end when it does."""
    return vars(table).setdefault("partition_indexes", {})  # type: ignore[no-any-return]
