"""S3 as CloudFormation makes it."""

import json

from embedded.cloud.policy_sizes import check_bucket_policy
from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope, pick


def _bucket(scope: Scope, properties: Properties) -> Made:
    name = properties.get("BucketName") or scope.name(63, lower=True)
    where = {} if scope.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": scope.region}}
    scope.client("s3").create_bucket(Bucket=name, **where)
    return _configure_bucket(scope, name, properties, {})


def _configure_bucket(scope: Scope, name: str, new: Properties, old: Properties) -> Made:
    s3 = scope.client("s3")
    if "VersioningConfiguration" in new:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=new["VersioningConfiguration"])
    if "BucketEncryption" in new:
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                **pick(rule, "BucketKeyEnabled"),
            }
            for rule in new["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if "PublicAccessBlockConfiguration" in new:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=new["PublicAccessBlockConfiguration"])
    if "LifecycleConfiguration" in new:
        rules = [_lifecycle_rule(rule) for rule in new["LifecycleConfiguration"]["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    elif "LifecycleConfiguration" in old:
        s3.delete_bucket_lifecycle(Bucket=name)
    if new.get("Tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": new["Tags"]})
    if "EventBridgeConfiguration" in new.get("NotificationConfiguration", {}):
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{scope.region}.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{scope.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{scope.region}.amazonaws.com",
        },
    )


def _lifecycle_rule(rule: Properties) -> Properties:
    """CloudFormation's rule as the S3 API takes it."""
    translated: Properties = pick(rule, "Status", "AbortIncompleteMultipartUpload")
    translated["ID"] = rule.get("Id", "rule")
    translated["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiry = {
        key: rule[name]
        for name, key in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if name in rule
    }
    if expiry:
        translated["Expiration"] = expiry
    if "Transitions" in rule:
        translated["Transitions"] = [
            {"Days": step.get("TransitionInDays", 0), "StorageClass": step["StorageClass"]} for step in rule["Transitions"]
        ]
    noncurrent = rule.get("NoncurrentVersionExpiration")
    days = noncurrent["NoncurrentDays"] if noncurrent else rule.get("NoncurrentVersionExpirationInDays")
    if days:
        translated["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(days)}
    return translated


def _bucket_policy(scope: Scope, properties: Properties) -> Made:
    document = properties["PolicyDocument"]
    check_bucket_policy(json.dumps(document))
    # moto takes a Deny whose condition it can't read as matched: TLS-only would deny every request.
    kept = [one for one in document["Statement"] if not (one["Effect"] == "Deny" and "Condition" in one)]
    if kept:
        scope.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps({**document, "Statement": kept}))
    return Made(f"{properties['Bucket']}-policy")


def _delete_bucket_policy(scope: Scope, ref: str, properties: Properties) -> None:
    scope.client("s3").delete_bucket_policy(Bucket=properties["Bucket"])


TYPES = {
    "AWS::S3::Bucket": ResourceType(
        _bucket,
        lambda s, ref, p: s.client("s3").delete_bucket(Bucket=ref),
        _configure_bucket,
        ("BucketName",),
    ),
    "AWS::S3::BucketPolicy": ResourceType(
        _bucket_policy,
        _delete_bucket_policy,
        lambda s, ref, new, old: _bucket_policy(s, new),
        ("Bucket",),
    ),
}
