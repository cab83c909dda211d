"""The lake's bucket: private, encrypted, TLS only; each table's objects leave when its retention ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.acknowledgments import acknowledge
from infra.deployment import Deployment
from infra.names import RESULTS
from lake.catalog import Catalog
from lake.lake import READINGS
from lake.relations import Table

RESULTS_DAYS = READINGS_DAYS = 7
TEST_OBJECT = "aws-programmatic-access-test-object"


class LakeBucket(Construct):
    """Holds tables/<database>/<table>/, bills/<name>/, reading/ and athena-results/."""

    def __init__(self, scope: Construct, deployment: Deployment, collectors: Iterable[Collector]) -> None:
        super().__init__(scope, "Bucket")
        declared = list(collectors)
        settings = deployment.settings.deployment
        key = kms.Key.from_key_arn(self, "Key", settings.kms_key_arn) if settings.kms_key_arn else None
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=deployment.names.bucket,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.keep_data else RemovalPolicy.DESTROY,
            lifecycle_rules=[
                *(rule for table in _stored(deployment.catalog) for rule in _retention(table, declared)),
                s3.LifecycleRule(id="athena-results", prefix=RESULTS, expiration=Duration.days(RESULTS_DAYS)),
                s3.LifecycleRule(id="readings", prefix=READINGS, expiration=Duration.days(READINGS_DAYS)),
                s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
        )
        acknowledge(
            self.bucket,
            "S1",
            "who read what stands in CloudTrail and in Athena's query history; access logs of every small object would "
            "cost more than the lake",
        )
        for account, prefixes in _deliveries(deployment).items():
            self._accept_bills(deployment, account, prefixes)

    def _accept_bills(self, deployment: Deployment, account: str, prefixes: list[str]) -> None:
        """Let the Data Exports of one account, and of no other, deliver under the prefixes of its own bills.

        Before it takes a bucket, Data Exports writes TEST_OBJECT to the bucket's root, under the same conditions.
        """
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("bcm-data-exports.amazonaws.com")],
                actions=["s3:PutObject", "s3:GetBucketPolicy"],  # it looks at the policy before each delivery
                resources=[
                    self.bucket.bucket_arn,
                    f"{self.bucket.bucket_arn}/{TEST_OBJECT}",
                    *deployment.names.object_arns(prefixes),
                ],
                conditions={
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:bcm-data-exports:*:{account}:export/*"},
                },
            )
        )


def _deliveries(deployment: Deployment) -> dict[str, list[str]]:
    """The prefixes under which each account's exports deliver to the lake's bucket, by account."""
    ours = deployment.settings.deployment.account or Aws.ACCOUNT_ID
    found: dict[str, list[str]] = {}
    for bill in deployment.settings.bills.bills:
        if bill.bucket is None:
            found.setdefault(bill.payer_account or ours, []).append(bill.prefix)
    return dict(sorted(found.items()))


def _stored(catalog: Catalog) -> Iterator[Table]:
    """Every table where its objects lie: a rollup's are those of its builds."""
    for table in catalog.tables:
        rollup = catalog.rollup(table.full_name)
        yield catalog.builds_table(rollup) if rollup else table


def _retention(table: Table, collectors: Iterable[Collector]) -> Iterator[s3.LifecycleRule]:
    """Rules that expire a table's objects.

    S3 lifecycle rules cannot exclude a prefix. Where one event type is kept for ever, each of the others that collectors
    write gets its own rule.
    """
    name = f"{table.database}-{table.name}"
    if table.retention_days and table.kept_forever:
        for value in sorted({collector.event_type for collector in collectors if collector.table == table.full_name}):
            if days := table.retention_of(value):
                yield s3.LifecycleRule(id=f"{name}-{value}", prefix=table.folder(value), expiration=Duration.days(days))
    elif table.retention_days:
        yield s3.LifecycleRule(id=name, prefix=table.prefix, expiration=Duration.days(table.retention_days))
