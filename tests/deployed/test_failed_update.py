"""An update that Athena refuses is undone by CloudFormation, and the stack is ready for the next one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from embedded.cloud import DeployError, deploy
from infra.synthesis import synthesize
from lake.catalog import Catalog
from lake.relations import Column, View
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import Outlay
from tests.support.catalog import CATALOG

pytestmark = pytest.mark.exhaustive


def test_an_added_column_and_a_view_that_athena_refuses_are_taken_back(
    outlay: Outlay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outlay.rows("show create view collection_coverage")
    monkeypatch.setattr("infra.synthesis.parse_catalog", lambda folder: broken())
    with pytest.raises(DeployError, match=r"SchemaStep .*no_such_column"):
        deploy(outlay.cloud, synthesize(CONFIG, tmp_path))

    (stack,) = outlay.cloud.client("cloudformation").describe_stacks(StackName="tested-lake")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert outlay.rows("show create view collection_coverage") == before
    assert "note" not in {row["field"] for row in outlay.rows("show columns from budget_rules")}
    assert "first_added" not in {next(iter(row.values())) for row in outlay.rows("show tables")}


def broken() -> Catalog:
    """The catalog with a column more, a view changed, one added, and one that refers to what is not there."""
    added = View("outlay", "first_added", "One.", ("one",), "select 1 as one", (Column("one", "", ""),), ())
    refused = dataclasses.replace(added, name="refused", sql="select no_such_column as one from budget_rules")
    tables = tuple(
        dataclasses.replace(table, columns=(*table.columns, Column("note", "string", "Added.")))
        if table.name == "budget_rules"
        else table
        for table in CATALOG.tables
    )
    views = tuple(
        dataclasses.replace(view, sql=f"{view.sql}\nlimit 5") if view.name == "collection_coverage" else view
        for view in CATALOG.views
    )
    return dataclasses.replace(CATALOG, tables=tables, views=(*views, added, refused))
