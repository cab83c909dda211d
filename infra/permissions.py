"""What functions may do, as data: each permission says why it is needed, and names its actions and resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.names import RESULTS, Names
from lake.catalog import Catalog, Table
from lake.lake import READINGS


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
        """Put small objects of these tables."""
        return Permission(
            "writes the objects that it makes, and no other",
            ("s3:PutObject",),
            self.names.object_arns(table.prefix for table in tables),
        )

    def write_events(self, event_types: Iterable[str]) -> tuple[Permission, ...]:
        """Put the events of some types, and the outcomes of the scans that brought them."""
        events, runs = self.catalog.table("resource_events"), self.catalog.table("collector_runs")
        folders = [f"{events.prefix}event_type={event_type}/" for event_type in sorted(event_types)]
        return self.upload_objects(folders), self.write_objects([runs])

    def upload_objects(self, prefixes: Iterable[str]) -> Permission:
        """Put objects of any size under key prefixes: large ones in parts, which are given up where one of them fails."""
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

    def read_partitions(self, tables: Iterable[Table]) -> Permission:
        """See which partitions there are; query() allows it for every table."""
        return Permission("sees what is published already", ("glue:GetPartitions",), self.names.table_arns(tables))

    def publish_partitions(self, tables: Iterable[Table]) -> Permission:
        """Create partitions and repoint them."""
        return Permission(
            "publishes the partitions that it builds",
            ("glue:BatchCreatePartition", "glue:BatchUpdatePartition"),
            self.names.table_arns(tables),
        )

    def read_bills(self, prefixes: Iterable[str], bucket: str | None = None) -> tuple[Permission, ...]:
        """List and read the deliveries under prefixes of the lake's bucket or another."""
        why = "reads the bills that config/bills.yaml names, and how far it came with large ones"
        return (
            Permission(why, ("s3:GetObject",), self.names.object_arns(prefixes, bucket)),
            Permission(why, ("s3:ListBucket",), (self.names.bucket_arn(bucket),)),
        )

    def keep_readings(self) -> Permission:
        """Note which bills are being read, and how far that has come."""
        return Permission("notes how far it came with a bill", ("s3:PutObject",), self.names.object_arns([READINGS]))

    def run_statements(self) -> tuple[Permission, ...]:
        """Run statements that answer nothing in the deployment's workgroup; Athena acts with its caller's permissions."""
        return (
            Permission(
                "runs statements in the deployment's own workgroup",
                ("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetWorkGroup"),
                (self.names.arn("athena", f"workgroup/{self.names.workgroup}"),),
            ),
            Permission(
                "lets Athena write what a statement answers; it looks for the bucket first",
                ("s3:PutObject", "s3:AbortMultipartUpload"),
                self.names.object_arns([RESULTS]),
            ),
            Permission(
                "lets Athena write what a statement answers; it looks for the bucket first",
                ("s3:GetBucketLocation",),
                (self.names.bucket_arn(),),
            ),
            Permission(
                "lets Athena find the database of a statement; it looks for one that is called default, too",
                ("glue:GetDatabase",),
                (*self.names.database_arns(self.catalog), self.names.arn("glue", "database/default")),
            ),
            Permission(
                "lets Athena resolve the tables and views that a statement names",
                ("glue:GetTable",),
                self.names.catalog_arns(self.catalog),
            ),
        )

    def query(self) -> tuple[Permission, ...]:
        """Run queries over the lake in the deployment's workgroup, and read their results."""
        return (
            *self.run_statements(),
            Permission(
                "reads the results of its queries",
                ("athena:GetQueryResults",),
                (self.names.arn("athena", f"workgroup/{self.names.workgroup}"),),
            ),
            Permission("reads the results of its queries", ("s3:GetObject",), self.names.object_arns([RESULTS])),
            Permission("lets Athena list a partition's objects", ("s3:ListBucket",), (self.names.bucket_arn(),)),
            Permission(
                "lets Athena find the partitions that a query reads",
                ("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
                self.names.catalog_arns(self.catalog),
            ),
            self._read_tables(),
        )

    def _read_tables(self) -> Permission:
        """Read every table's objects."""
        prefixes = [f"tables/{database}/" for database in self.catalog.databases]
        return Permission("reads what its queries read: any table", ("s3:GetObject",), self.names.object_arns(prefixes))

    def build_rollups(self) -> tuple[Permission, ...]:
        """Write, audit and publish the stored rollups, and remove what is superseded or past its table's retention.

        The objects of what is past its retention are removed by the bucket's lifecycle rules.
        """
        kept = [table.folder(table.kept_forever) for table in self.catalog.tables if table.kept_forever]
        tables = [self.catalog.table(rollup.name) for rollup in self.catalog.rollups]
        builds = [self.catalog.builds_table(rollup) for rollup in self.catalog.rollups]
        return (
            self.upload_objects(table.prefix for table in tables),
            Permission(
                "removes superseded builds of the rollups and superseded bills, and nothing else",
                ("s3:DeleteObject",),
                self.names.object_arns([*(table.prefix for table in tables), *kept]),
            ),
            self.publish_partitions([*tables, *builds]),
            Permission(
                "drops partitions of superseded builds, and those that are past their table's retention",
                ("glue:DeletePartition",),
                self.names.table_arns([*builds, *self.catalog.expiring]),
            ),
        )

    def change_views(self) -> Permission:
        """Create, replace and drop views, which Glue keeps as tables."""
        return Permission(
            "creates, replaces and drops the views that sql/ declares; Glue keeps views as tables",
            ("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"),
            self.names.catalog_arns(self.catalog),
        )
