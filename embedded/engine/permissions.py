"""Athena runs a query as its caller: what a statement needs, asked of IAM before it starts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from moto.glue.models import GlueBackend

from embedded.engine.configuration import CATALOG

Allowed = Callable[[str, str, str], bool]
_OF_A_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_OF_RESULTS = ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


class DeniedError(Exception):
    """The caller lacks a permission; the message reads as Athena's and names it."""


@dataclass(frozen=True)
class QueryCaller:
    """Who asks, where, and how to find out what they may do (None: everything)."""

    access_key_id: str
    account: str
    region: str
    allowed: Allowed | None

    def may(self, action: str, resource: str) -> bool:
        """Whether IAM allows `action` on `resource`."""
        return self.allowed is None or self.allowed(self.access_key_id, action, resource)

    def need_glue(self, action: str, database: str = "", table: str = "") -> None:
        """Raise DeniedError unless the caller may do `action` on the table and on all that holds it."""
        arn = f"arn:aws:glue:{self.region}:{self.account}"
        resources = [f"{arn}:catalog"]
        resources += [f"{arn}:database/{database}"] if database else []
        resources += [f"{arn}:table/{database}/{table}"] if table else []
        for resource in resources:
            if not self.may(action, resource):
                raise DeniedError(
                    "Insufficient permissions to execute the query. The caller is not authorized to "
                    f"perform: {action} on resource: {resource}"
                )

    def need_s3(self, action: str, location: str, *, below: bool = False) -> None:
        """Raise DeniedError unless the caller may do `action` at `location` (or on all below it)."""
        path = location.removeprefix("s3://")
        if action in _OF_A_BUCKET:
            path = path.split("/")[0]
        elif below:
            path = f"{path.rstrip('/')}/*"
        resource = f"arn:aws:s3:::{path}"
        if self.may(action, resource):
            return
        if action == "s3:PutObject":
            raise DeniedError(
                f"Access denied when writing output to url: {location} . Please ensure you are allowed "
                f"to access the S3 bucket. Access DeniedError: {action} on resource: {resource}"
            )
        raise DeniedError(
            f"PERMISSION_DENIED: Permission denied on S3 path: {location} "
            f"(Access DeniedError: {action} on resource: {resource})"
        )

    def need_results(self, location: str) -> None:
        """Raise DeniedError unless the caller may do with `location` what Athena documents for the place of results.

        Source: Amazon Athena User Guide, "Control access to Amazon S3 from Athena". A role with less was seen to work for
        some statements, and to fail with "Unable to verify/create output bucket" for others.
        """
        for action in (*_OF_A_BUCKET, *_OF_RESULTS):
            self.need_s3(action, location)

    def need_output(self, location: str) -> None:
        """Raise DeniedError unless the caller may list and write all below `location`."""
        self.need_s3("s3:ListBucket", location)
        self.need_s3("s3:PutObject", location, below=True)

    def need_reads(self, glue: GlueBackend, relations: Iterable[tuple[str, str, str]]) -> None:
        """Raise DeniedError unless the caller may read each table and view: its schema and its data."""
        for catalog, database, name in relations:
            if catalog == CATALOG and not name.count("$"):
                self.need_glue("glue:GetTable", database, name)
                self._need_data(glue, database, name)

    def need_definitions(self, relations: Iterable[tuple[str, str, str]]) -> None:
        """Raise DeniedError unless the caller may see each table and view (CREATE VIEW, EXPLAIN)."""
        for catalog, database, name in relations:
            if catalog == CATALOG:
                self.need_glue("glue:GetTable", database, name)

    def _need_data(self, glue: GlueBackend, database: str, name: str) -> None:
        table = glue.get_table(database, name).as_dict()
        if table.get("TableType") == "VIRTUAL_VIEW":
            return
        if table.get("PartitionKeys"):
            self.need_glue("glue:GetPartitions", database, name)
        location = table["StorageDescriptor"]["Location"]
        partitions = (one.as_dict()["StorageDescriptor"]["Location"] for one in glue.get_partitions(database, name, ""))
        # Published rollups lie where they were built, which is not below their table's own place.
        elsewhere = {place for place in partitions if not place.startswith(location)}
        for place in (location, *sorted(elsewhere)):
            self.need_s3("s3:ListBucket", place)
            self.need_s3("s3:GetObject", place, below=True)
