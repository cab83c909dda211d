"""What functions may do, as data: each permission says why it is needed, and names its actions and resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import Aws

from infra.names import RESULTS, Names
from lake.catalog import Catalog
from lake.lake import READINGS
from lake.relations import BUILDS_ROOT, TABLES_ROOT, Table


@dataclass(frozen=True)
class Permission:
    """Some actions on some resources. why is read by whoever reviews a role, and acknowledges its wildcards.

    is_denied: they are refused, whatever else allows them.
    """

    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    is_denied: bool = False


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
        events, runs = self.catalog.table("outlay.resource_events"), self.catalog.table("outlay.collector_runs")
        folders = [f"{events.prefix}event_type={event_type}/" for event_type in sorted(event_types)]
        return self.upload_objects(folders), self.write_objects([runs])

    def read_outcomes(self) -> Permission:
        """Read the outcomes of earlier attempts at the same scans."""
        return Permission(
            "looks how an earlier attempt at the same scans ended, so that a repetition that sees less does not replace it",
            ("s3:GetObject",),
            self.names.object_arns([self.catalog.table("outlay.collector_runs").prefix]),
        )

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

    def run_statements(self, *, of_builds: bool = False) -> tuple[Permission, ...]:
        """Run statements that answer nothing in the deployment's workgroup; Athena acts with its caller's permissions.

        Only audits name the tables of builds; of_builds is for who runs them.
        """
        databases = self._databases if of_builds else self.catalog.databases
        return (
            Permission(
                "runs statements in the deployment's own workgroup",
                ("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetWorkGroup"),
                (self.names.arn("athena", f"workgroup/{self.names.workgroup}"),),
            ),
            # What Athena documents for the place of results; without it, it may say that it cannot verify the bucket.
            Permission(
                "lets Athena write what a statement answers, and read it back",
                ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
                self.names.object_arns([RESULTS]),
            ),
            Permission(
                "lets Athena look for the bucket of results, and list a partition's objects",
                ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
                (self.names.bucket_arn(),),
            ),
            Permission(
                "lets Athena find the database of a statement; it looks for one that is called default, too",
                ("glue:GetDatabase",),
                (*self.names.database_arns(databases), self.names.arn("glue", "database/default")),
            ),
            Permission(
                "lets Athena resolve the tables and views that a statement names",
                ("glue:GetTable",),
                self.names.whole_databases(databases),
            ),
        )

    def query(self, *, of_builds: bool = False) -> tuple[Permission, ...]:
        """Run queries over the lake in the deployment's workgroup, and read their results."""
        databases = self._databases if of_builds else self.catalog.databases
        return (
            *self.run_statements(of_builds=of_builds),
            Permission(
                "reads the results of its queries",
                ("athena:GetQueryResults",),
                (self.names.arn("athena", f"workgroup/{self.names.workgroup}"),),
            ),
            Permission(
                "lets Athena find the partitions that a query reads",
                ("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
                self.names.whole_databases(databases),
            ),
            self._read_tables(),
        )

    def _read_tables(self) -> Permission:
        """Read every table's objects."""
        objects = self.names.object_arns([f"{TABLES_ROOT}/", f"{BUILDS_ROOT}/"])
        return Permission("reads what its queries read: any table", ("s3:GetObject",), objects)

    @property
    def _databases(self) -> tuple[str, ...]:
        return (*self.catalog.databases, *self.catalog.builds_databases)

    def build_rollups(self) -> tuple[Permission, ...]:
        """Write, audit and publish the stored rollups, and remove what is superseded or past its table's retention.

        It names databases and prefixes, so that its policies do not grow with the number of rollups. The objects of what is
        past its retention are removed by the bucket's lifecycle rules.
        """
        kept = [table.folder(table.kept_forever) for table in self.catalog.tables if table.kept_forever]
        builds, expiring = self.catalog.builds_databases, self.catalog.expiring
        return (
            self.upload_objects([f"{BUILDS_ROOT}/"]),
            Permission(
                "removes superseded builds of the rollups and superseded bills, and nothing else",
                ("s3:DeleteObject",),
                self.names.object_arns([f"{BUILDS_ROOT}/", *kept]),
            ),
            Permission(
                "publishes the partitions that it builds",
                ("glue:BatchCreatePartition", "glue:BatchUpdatePartition"),
                self.names.whole_databases(self._databases),
            ),
            Permission(
                "drops partitions of superseded builds, and those that are past their table's retention",
                ("glue:DeletePartition",),
                tuple(dict.fromkeys([*self.names.whole_databases(builds), *self.names.table_arns(expiring)])),
            ),
        )

    def change_views(self) -> Permission:
        """Create, replace and drop views, which Glue keeps as tables."""
        return Permission(
            "creates, replaces and drops the views that sql/ declares; Glue keeps views as tables",
            ("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"),
            self.names.whole_databases(self.catalog.databases),
        )

    def index_partitions(self) -> Permission:
        """Give tables an index over their partition columns."""
        return Permission(
            "gives each partitioned table an index over its partition columns, where it has none",
            ("glue:GetPartitionIndexes", "glue:CreatePartitionIndex"),
            self.names.whole_databases(self._databases),
        )

    def spare_tables(self) -> Permission:
        """Leave every stored table as it is, though what changes views may change any table."""
        tables = self.catalog.tables  # in the databases of builds there are no views, and it may change nothing there
        # Denied in any region and account: that is as strict, and takes less of what a role's policies may hold.
        start = f"arn:{Aws.PARTITION}:glue:*:*:table"
        return Permission(
            "never changes a table that holds data, though Glue keeps views as tables and IAM cannot tell the two apart",
            ("glue:UpdateTable", "glue:DeleteTable"),
            tuple(f"{start}/{self.names.database(table.database)}/{table.name}" for table in tables),
            is_denied=True,
        )
