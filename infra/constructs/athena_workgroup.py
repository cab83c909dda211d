"""The Athena workgroup: where people and functions query, with one place for results and a limit on what a query reads."""

from __future__ import annotations

from aws_cdk import aws_athena as athena
from constructs import Construct

from infra.constructs.glue_catalog import GlueCatalog
from infra.deployment import Deployment
from infra.names import RESULTS


class AthenaWorkgroup(Construct):
    """The workgroup and the saved queries of sql/*/queries/. Its configuration overrides what a client asks for."""

    def __init__(self, scope: Construct, deployment: Deployment, catalog: GlueCatalog, bucket: str) -> None:
        super().__init__(scope, "Workgroup")
        settings = deployment.settings.deployment
        encryption = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_KMS" if settings.kms_key_arn else "SSE_S3", kms_key=settings.kms_key_arn
        )
        workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=deployment.names.workgroup,
            description=f"Outlay: a query is stopped once it has read {settings.query_limit_gb} GB",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                bytes_scanned_cutoff_per_query=settings.query_limit_gb * 1_000_000_000,
                publish_cloud_watch_metrics_enabled=True,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version="Athena engine version 3"),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{bucket}/{RESULTS}", encryption_configuration=encryption
                ),
            ),
        )
        for query in deployment.catalog.queries:
            athena.CfnNamedQuery(
                self,
                f"{query.database}-{query.name}",
                name=query.name,
                description=query.sentence[:1024],
                database=catalog.database(query.database),
                query_string=query.sql,
                work_group=workgroup.ref,
            )
