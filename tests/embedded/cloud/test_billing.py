"""Data Exports: what it tries before it takes a bucket, and what it refuses; cost allocation tags."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.cloud import DeployError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.templates import bucket, template

ACCOUNT = "111111111111"
ARN = f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/*"


def policy(name: str, *keys: str, account: str = ACCOUNT) -> dict[str, Any]:
    """The policy of a bucket, which lets an account's exports write these keys."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "bcm-data-exports.amazonaws.com"},
        "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
        "Resource": [f"arn:aws:s3:::{name}", *(f"arn:aws:s3:::{name}/{key}" for key in keys)],
        "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": ARN}},
    }
    properties = {"Bucket": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return {"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": properties, "DependsOn": "Bucket"}}


def export(bucket_name: str, **changed: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "Name": f"of-{bucket_name}",
        "DataQuery": {
            "QueryStatement": "SELECT line_item_unblended_cost, resource_tags FROM COST_AND_USAGE_REPORT",
            "TableConfigurations": {"COST_AND_USAGE_REPORT": {"TIME_GRANULARITY": "HOURLY"}},
        },
        "DestinationConfigurations": {
            "S3Destination": {
                "S3Bucket": bucket_name,
                "S3Prefix": "bills/aws",
                "S3Region": "us-east-1",
                "S3OutputConfigurations": {
                    "OutputType": "CUSTOM",
                    "Format": "PARQUET",
                    "Compression": "PARQUET",
                    "Overwrite": "OVERWRITE_REPORT",
                },
            }
        },
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }
    properties = {"Export": copy.deepcopy(wanted) | changed}
    return {"Export": {"Type": "AWS::BCMDataExports::Export", "Properties": properties, "DependsOn": "Policy"}}


def refused(cloud: EmbeddedCloud, name: str, *parts: Any, region: str = "us-east-1") -> str:
    with pytest.raises(DeployError) as error:
        deploy_template(cloud, template(*parts), name=name, region=region)
    return str(error.value)


def test_an_export_writes_its_test_object_to_the_buckets_root(cloud: EmbeddedCloud) -> None:
    allowed = policy("takes-bills", "aws-programmatic-access-test-object", "bills/aws/*")
    deploy_template(cloud, template(bucket("Bucket", "takes-bills"), allowed, export("takes-bills")), name="takes-bills")
    listed = cloud.client("s3").list_objects_v2(Bucket="takes-bills")["Contents"]
    assert [found["Key"] for found in listed] == ["aws-programmatic-access-test-object"]
    (found,) = cloud.client("bcm-data-exports").list_exports()["Exports"]
    kept = cloud.client("bcm-data-exports").get_export(ExportArn=found["ExportArn"])["Export"]
    assert kept["DestinationConfigurations"]["S3Destination"]["S3Prefix"] == "bills/aws"


@pytest.mark.parametrize(
    ("name", "keys", "account", "lacking"),
    [
        ("no-root", ["bills/aws/*"], ACCOUNT, "/aws-programmatic-access-test-object"),
        ("no-prefix", ["aws-programmatic-access-test-object", "bills/azure/*"], ACCOUNT, "/bills/aws/"),
        ("no-payer", ["*"], "222222222222", "s3:GetBucketPolicy"),
    ],
)
def test_an_export_that_the_buckets_policy_does_not_let_is_refused(
    cloud: EmbeddedCloud, name: str, keys: list[str], account: str, lacking: str
) -> None:
    said = refused(cloud, name, bucket("Bucket", name), policy(name, *keys, account=account), export(name))
    assert "S3 bucket permission validation failed" in said
    assert lacking in said


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Name": "no spaces"}, "does not match"),
        ({"DataQuery": {"QueryStatement": "SELECT * FROM COST_AND_USAGE_REPORT"}}, "a list of columns"),
        ({"DataQuery": {"QueryStatement": "SELECT a FROM OTHER"}}, "is not one of"),
    ],
)
def test_an_export_that_is_written_wrong_is_refused(cloud: EmbeddedCloud, changed: dict[str, Any], why: str) -> None:
    parts = (bucket("Bucket", "wrong-export"), policy("wrong-export", "*"), export("wrong-export", **changed))
    assert why in refused(cloud, "wrong-export", *parts)


def test_exports_are_made_in_one_region_alone(cloud: EmbeddedCloud) -> None:
    parts = (bucket("Bucket", "elsewhere"), policy("elsewhere", "*"), export("elsewhere"))
    assert "not available in eu-west-1" in refused(cloud, "elsewhere", *parts, region="eu-west-1")


def test_a_tag_key_that_was_never_seen_cannot_be_activated(cloud: EmbeddedCloud) -> None:
    costs = cloud.client("ce")
    cloud.command("see-tags", account=ACCOUNT, keys=["customer", "env"])
    wanted = [{"TagKey": key, "Status": "Active"} for key in ("customer", "unheard")]
    errors = costs.update_cost_allocation_tags_status(CostAllocationTagsStatus=wanted)["Errors"]
    assert [error["TagKey"] for error in errors] == ["unheard"]
    listed = costs.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]
    assert [(tag["TagKey"], tag["Status"]) for tag in listed] == [("customer", "Active")]


def test_who_may_not_ask_is_refused(enforced: EmbeddedCloud) -> None:
    iam = enforced.client("iam")
    iam.create_user(UserName="nobody")
    keys = iam.create_access_key(UserName="nobody")["AccessKey"]
    import boto3

    enforced.enforce_iam()
    costs = boto3.session.Session().client(
        "ce",
        region_name="us-east-1",
        endpoint_url=enforced.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="ce:ListCostAllocationTags"):
        costs.list_cost_allocation_tags()
