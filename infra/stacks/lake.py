"""The lake itself: bucket, Glue catalog, Athena workgroup, views and reference data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import Aws, CfnOutput, CustomResource, Duration, Stack
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.constructs.athena_workgroup import AthenaWorkgroup
from infra.constructs.data_exports import DataExports
from infra.constructs.glue_catalog import GlueCatalog
from infra.constructs.lake_bucket import LakeBucket
from infra.constructs.lake_function import LakeFunction
from infra.deployment import Deployment
from infra.environment import lake_environment
from infra.permissions import Permission
from lake.configuration import Configuration
from schema.reference_tables import Rows, reference_tables
from schema.state import schema_state

SCHEMA_TIMEOUT = Duration.minutes(10)


class LakeStack(Stack):
    """Everything that data and queries live in; the other stacks refer to it by name."""

    def __init__(self, scope: Construct, deployment: Deployment, collectors: Iterable[Collector], **kwargs: Any) -> None:
        super().__init__(
            scope, "Lake", stack_name=f"{deployment.names.deployment}-lake", description="Outlay: the cost lake", **kwargs
        )
        bucket = LakeBucket(self, deployment, collectors).bucket
        catalog = GlueCatalog(self, deployment, bucket.bucket_name)
        workgroup = AthenaWorkgroup(self, deployment, catalog, bucket.bucket_name)
        references = _references(deployment)
        function = self._schema_function(deployment, references)
        schema = CustomResource(
            self,
            "SchemaStep",
            resource_type="Custom::OutlaySchema",
            service_token=function.function.function_arn,
            service_timeout=SCHEMA_TIMEOUT.plus(Duration.minutes(1)),
            properties={
                **schema_state(deployment.catalog, references),
                "AllowDestructiveChanges": deployment.settings.deployment.allow_destructive_changes,
            },
        )
        schema.node.add_dependency(bucket, catalog, workgroup, function)
        # Data Exports leaves a test object in the bucket, and a bucket that holds something cannot be taken back: the
        # exports come last, so that whatever fails before them leaves the bucket empty.
        DataExports(self, deployment).node.add_dependency(bucket, schema)
        CfnOutput(self, "BucketName", value=bucket.bucket_name, description="The lake's bucket")
        CfnOutput(self, "WorkgroupName", value=deployment.names.workgroup, description="Athena workgroup to query in")

    def _schema_function(self, deployment: Deployment, references: Iterable[str]) -> LakeFunction:
        function = LakeFunction(
            self,
            "schema",
            deployment,
            {**lake_environment(deployment), "OUTLAY_MEMBER_ROLE": deployment.settings.deployment.member_role},
            timeout=SCHEMA_TIMEOUT,
        )
        tables = [deployment.catalog.table(name) for name in (*references, "outlay._migrations")]
        permissions = deployment.permissions
        function.allow(
            permissions.run_statements(),
            permissions.change_views(),
            permissions.index_partitions(),
            permissions.spare_tables(),
            permissions.write_objects(tables),
            permissions.register_partitions([deployment.catalog.table("outlay._migrations")]),
            Permission(
                "tells an update, which may be refused, from the rollback of one, which may not",
                ("cloudformation:DescribeStacks",),
                (Aws.STACK_ID,),
            ),
        )
        return function


def _references(deployment: Deployment) -> dict[str, Rows]:
    """The reference tables as the schema step will write them.

    The partition of ARNs is known in AWS alone. A stack never changes its partition, so that any stands for it here, where
    rows are only compared with those of the deployment before.
    """
    settings = deployment.settings
    role_arn = f"arn:aws:iam::{{account_id}}:role/{settings.deployment.member_role}"
    return reference_tables(deployment.catalog, Configuration.from_json(settings.configuration_json()), role_arn)
