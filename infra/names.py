"""Names and ARNs of everything that is deployed.

They follow from the deployment's name alone, so that no stack imports a value from another: each can be updated, or removed,
without CloudFormation holding on to an export.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import Aws

from lake.relations import Table

RESULTS = "athena-results/"
METRICS_NAMESPACE = "Outlay"


@dataclass(frozen=True)
class Names:
    """Names of one deployment in one account and region."""

    deployment: str
    database_prefix: str

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return f"{self.deployment}-lake-{Aws.ACCOUNT_ID}-{Aws.REGION}"

    @property
    def workgroup(self) -> str:
        """The Athena workgroup in which people and functions query."""
        return self.deployment

    def function(self, purpose: str) -> str:
        """A function, and its role: collect, bills, rollup, notify or schema."""
        return f"{self.deployment}-{purpose}"

    def group(self, purpose: str) -> str:
        """A schedule group, and the dead-letter queue of its schedules and functions."""
        return f"{self.deployment}-{purpose}"

    def database(self, name: str) -> str:
        """The Glue database of what sql/<name>/ declares."""
        return f"{self.database_prefix}{name}"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in the deployment's account and region."""
        return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"

    def role_arn(self, name: str, account: str = Aws.ACCOUNT_ID) -> str:
        """ARN of a role, which has no region."""
        return f"arn:{Aws.PARTITION}:iam::{account}:role/{name}"

    def bucket_arn(self, bucket: str | None = None) -> str:
        """ARN of the lake's bucket, or of another."""
        return f"arn:{Aws.PARTITION}:s3:::{bucket or self.bucket}"

    def object_arns(self, prefixes: Iterable[str], bucket: str | None = None) -> tuple[str, ...]:
        """ARN patterns of the objects under key prefixes."""
        return tuple(f"{self.bucket_arn(bucket)}/{prefix}*" for prefix in prefixes)

    def table_arns(self, tables: Iterable[Table]) -> tuple[str, ...]:
        """Everything that Glue checks for a call on these tables: the catalog, their databases, the tables."""
        listed = list(tables)
        databases = sorted({self.database(table.database) for table in listed})
        return (
            self.arn("glue", "catalog"),
            *(self.arn("glue", f"database/{database}") for database in databases),
            *(self.arn("glue", f"table/{self.database(table.database)}/{table.name}") for table in listed),
        )

    def whole_databases(self, databases: Iterable[str]) -> tuple[str, ...]:
        """The catalog, some databases, and every table and view in them."""
        listed = tuple(databases)
        return (*self.database_arns(listed), *(self.arn("glue", f"table/{self.database(name)}/*") for name in listed))

    def database_arns(self, databases: Iterable[str]) -> tuple[str, ...]:
        """The catalog and some databases, but nothing in them."""
        return (
            self.arn("glue", "catalog"),
            *(self.arn("glue", f"database/{self.database(name)}") for name in databases),
        )
