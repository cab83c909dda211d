"""What functions may do, as data: each permission says why it is needed, and names its actions and resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.names import RESULTS, Names
from lake.catalog import Catalog, Table


@dataclass(frozen=True)
class Permission:
    """Some actions on some resources. why is read by whoever reviews a role, and acknowledges its wildcards."""

    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True)
class LakePermissions:
    """The permissions on one deployment's lake that functions are given."""

    names: Names
    catalog: Catalog

    def write_objects(self, tables: Iterable[Table]) -> Permission:
        """Put objects of these tables."""
        return self.write_prefixes(table.prefix for table in tables)

    def write_events(self, event_types: Iterable[str]) -> Permission:
        """Put the events of some types, and the outcomes of the scans that brought them."""
        events, runs = self.catalog.table("resource_events"), self.catalog.table("collector_runs")
        folders = (f"{events.prefix}event_type={event_type}/" for event_type in sorted(event_types))
        return self.write_prefixes([*folders, runs.prefix])

    def write_prefixes(self, prefixes: Iterable[str]) -> Permission:
        """Put objects under key prefixes."""
        return Permission(
            "writes the objects that it makes, and no other",
            ("s3:PutObject", "s3:AbortMultipartUpload"),
            self.names.object_arns(prefixes),
        )

    def register_partitions(self, tables: Iterable[Table]) -> Permission:
        """Make sure that a partition is there."""
        return Permission(
            "registers the partitions that it writes", ("glue:BatchCreatePartition",), self.names.table_arns(tables)
        )

    def publish_partitions(self, tables: Iterable[Table]) -> Permission:
        """Read, repoint and drop partitions."""
        return Permission(
            "publishes the partitions that it builds",
            ("glue:GetPartitions", "glue:BatchCreatePartition", "glue:BatchUpdatePartition", "glue:DeletePartition"),
            self.names.table_arns(tables),
        )

    def read_bills(self, prefixes: Iterable[str], bucket: str | None = None) -> tuple[Permission, ...]:
        """List and read the deliveries under prefixes of the lake's bucket or another."""
        why = "reads the bills that config/bills.yaml names"
        return (
            Permission(why, ("s3:GetObject",), self.names.object_arns(prefixes, bucket)),
            Permission(why, ("s3:ListBucket", "s3:GetBucketLocation"), (self.names.bucket_arn(bucket),)),
        )

    def query(self) -> tuple[Permission, ...]:
        """Run statements in the deployment's workgroup; Athena reads its caller's permissions for all the rest."""
        why = "runs statements in the deployment's own workgroup and reads their results"
        return (
            Permission(
                why,
                (
                    "athena:StartQueryExecution",
                    "athena:GetQueryExecution",
                    "athena:GetQueryResults",
                    "athena:GetWorkGroup",
                ),
                (self.names.arn("athena", f"workgroup/{self.names.workgroup}"),),
            ),
            Permission(
                why,
                ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"),
                self.names.object_arns([RESULTS]),
            ),
            Permission(
                "lets Athena find the bucket and list a partition's objects",
                ("s3:ListBucket", "s3:GetBucketLocation"),
                (self.names.bucket_arn(),),
            ),
            Permission(
                "lets Athena resolve the tables and views that a statement names; it looks for a default database too",
                ("glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
                (*self.names.catalog_arns(self.catalog), self.names.arn("glue", "database/default")),
            ),
        )

    def read_tables(self) -> Permission:
        """Read every table's objects."""
        prefixes = [f"tables/{database}/" for database in self.catalog.databases]
        return Permission("reads what its queries read: any table", ("s3:GetObject",), self.names.object_arns(prefixes))

    def expire_partitions(self) -> Permission:
        """Drop partitions past the retention of their table; the bucket's lifecycle rules remove the objects."""
        tables = [table for table in self.catalog.tables if table.retention_days and table.day_column]
        return Permission(
            "drops partitions that are past their table's retention",
            ("glue:DeletePartition",),
            self.names.table_arns(tables),
        )

    def build_rollups(self) -> tuple[Permission, ...]:
        """Write, audit and publish the stored rollups, and remove what is superseded."""
        tables = [self.catalog.table(rollup.name) for rollup in self.catalog.rollups]
        builds = [self.catalog.builds_table(rollup) for rollup in self.catalog.rollups]
        return (
            self.write_objects(tables),
            Permission(
                "removes superseded builds of the rollups, and nothing else",
                ("s3:DeleteObject",),
                self.names.object_arns(table.prefix for table in tables),
            ),
            self.publish_partitions([*tables, *builds]),
        )

    def change_views(self) -> Permission:
        """Create, replace and drop views, which Glue keeps as tables."""
        return Permission(
            "creates, replaces and drops the views that sql/ declares; Glue keeps views as tables",
            ("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"),
            self.names.catalog_arns(self.catalog),
        )
