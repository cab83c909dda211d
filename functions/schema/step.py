"""The schema step of a deployment: partition indexes, views, reference tables and the log of what changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lake.athena import Athena
from lake.errors import ConfigurationError
from lake.ids import stable_id
from lake.lake import Lake
from lake.relations import Table
from lake.sql_text import identifier
from lake.times import naive
from schema.reference_tables import reference_tables
from schema.state import Change, State, changes

PARTITION_INDEX = "partition_keys"
"""Name of the index over all of a table's partition columns."""


class SchemaStep:
    """Brings what CloudFormation cannot make (views, indexes, reference data) to the state that the catalog declares."""

    def __init__(self, lake: Lake, athena: Athena) -> None:
        self._lake, self._athena, self._catalog = lake, athena, lake.catalog

    def apply(self, old: State, new: State, now: datetime, *, allow_destructive: bool, role_arn: str) -> list[Change]:
        """Index partitions, create or replace views, drop those that old had and new has not, write the reference tables.

        role_arn is the pattern of the members' role, with {account_id}. Raises ConfigurationError, before anything is
        touched, where a table would lose a column or its type and allow_destructive is not set. A view that Athena refuses
        leaves those before it replaced, and nothing dropped or logged: applying old again brings back what was.
        """
        found = changes(old, new)
        if not allow_destructive:
            _refuse_destructive(found)
        self._index_partitions()
        self._write_reference_tables(role_arn)
        for view in self._catalog.views:
            statement = f"create or replace view {identifier(view.name)} as\n{view.sql}"
            self._athena.within(view.database).execute(statement)
        self.drop_views(change.relation for change in found if change.kind == "view" and change.change == "dropped")
        self._log(found, str(old.get("Version", "nothing")), str(new.get("Version", "")), now)
        return found

    def drop_views(self, names: Iterable[str]) -> None:
        """Drop views, by their full names, in the order given; one that is gone already is no error.

        Through Glue, where views are kept: a DROP VIEW would leave its result in a bucket that is about to be removed.
        """
        for full_name in names:
            database, _, name = full_name.partition(".")
            try:
                self._lake.glue.delete_table(DatabaseName=self._lake.environment.database(database), Name=name)
            except self._lake.glue.exceptions.EntityNotFoundException:
                continue

    def _index_partitions(self) -> None:
        """Give every partitioned table one index over all its partition columns, for Athena to find a date's partitions by.

        CloudFormation cannot make one. An index over these columns that is there, or in the making, stands, whatever it is
        called: Glue keeps three for a table.
        """
        builds = (self._catalog.builds_table(rollup) for rollup in self._catalog.rollups)
        for table in (*self._catalog.tables, *builds):
            if table.partition:
                self._index(table)

    def _index(self, table: Table) -> None:
        keys, glue = [column.name for column in table.partition], self._lake.glue
        database = self._lake.environment.database(table.database)
        found = glue.get_partition_indexes(DatabaseName=database, TableName=table.name)["PartitionIndexDescriptorList"]
        if keys in [[key["Name"] for key in index["Keys"]] for index in found]:
            return
        try:
            glue.create_partition_index(
                DatabaseName=database,
                TableName=table.name,
                PartitionIndex={"IndexName": PARTITION_INDEX, "Keys": keys},
            )
        except glue.exceptions.AlreadyExistsException:
            return  # made since, by a repetition of this step: CloudFormation may ask twice

    def _write_reference_tables(self, role_arn: str) -> None:
        """Each is one object, so that replacing it is atomic."""
        for name, rows in reference_tables(self._catalog, self._lake.configuration, role_arn).items():
            table = self._catalog.table(name)
            self._lake.append(table, (), table.name, rows)

    def _log(self, found: list[Change], before: str, version: str, now: datetime) -> None:
        """One object for each step from a version to another: going back on the same day leaves the log of the way there."""
        if not found:
            return
        table, day = self._catalog.table("outlay._migrations"), now.date().isoformat()
        rows = [
            {
                "migration_id": stable_id("migration", change.relation, change.change, version),
                "applied_at": naive(now),
                "relation": change.relation,
                "kind": change.kind,
                "change": change.change,
                "version": version,
            }
            for change in found
        ]
        self._lake.append(table, (day,), f"{before}-{version}", rows)


def _refuse_destructive(found: list[Change]) -> None:
    lost = [f"{change.relation}: {change.change}" for change in found if change.is_destructive]
    if lost:
        raise ConfigurationError(
            f"this deployment would lose data ({'; '.join(lost)}); keep the column and add a new one beside it, keep "
            "the CSV of a table that stays (its header alone empties the table), or set "
            "allow_destructive_changes: true in config/deployment.yaml for one deployment"
        )
