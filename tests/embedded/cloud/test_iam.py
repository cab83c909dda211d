"""IAM: policies decide, trust policies and external ids are checked, an account's resources are its own."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.cloud import EmbeddedCloud, deploy_template, policies
from tests.embedded.cloud.templates import allow, template

MEMBER = "222222222222"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def member_role(external_id: str | None, *statements: dict[str, Any]) -> dict[str, Any]:
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    }
    if external_id:
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {
        "Reader": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "outlay-reader",
                "AssumeRolePolicyDocument": document(trust),
                "Policies": [{"PolicyName": "read", "PolicyDocument": document(*statements)}],
            },
        }
    }


def assume(cloud: EmbeddedCloud, **extra: str) -> dict[str, str]:
    answer = cloud.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{MEMBER}:role/outlay-reader", RoleSessionName="scan", **extra
    )
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def test_a_member_role_needs_its_external_id_and_then_reads_its_own_account(
    enforced: EmbeddedCloud,
) -> None:
    statements = allow(["ec2:DescribeVolumes"])
    deploy_template(enforced, template(member_role("our-secret", statements)), MEMBER, name="member")
    enforced.client("ec2", MEMBER).create_volume(AvailabilityZone="us-east-1a", Size=7)
    enforced.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=9)
    enforced.enforce_iam()

    for extra in ({}, {"ExternalId": "guess"}):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
            assume(enforced, **extra)

    keys = assume(enforced, ExternalId="our-secret")
    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=enforced.endpoint, **keys)
    assert [volume["Size"] for volume in ec2.describe_volumes()["Volumes"]] == [7]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.describe_instances()


def test_the_external_id_is_asked_for_even_before_iam_is_enforced(cloud: EmbeddedCloud) -> None:
    deploy_template(cloud, template(member_role("our-secret", allow(["ec2:*"]))), MEMBER, name="member")
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(cloud)


ALLOW_A = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/*"}
DENY_SECRET = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::a/secret/*"}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        ([ALLOW_A], "s3:GetObject", "arn:aws:s3:::a/x", True),
        ([ALLOW_A], "s3:getobject", "arn:aws:s3:::a/x", True),
        ([ALLOW_A], "s3:PutObject", "arn:aws:s3:::a/x", False),
        ([ALLOW_A], "s3:GetObject", "arn:aws:s3:::b/x", False),
        ([ALLOW_A], "s3:GetObject", "*", True),
        ([ALLOW_A, DENY_SECRET], "s3:GetObject", "arn:aws:s3:::a/secret/x", False),
        ([ALLOW_A, DENY_SECRET], "s3:GetObject", "*", True),
        ([], "s3:GetObject", "arn:aws:s3:::a/x", False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", "x", True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:PassRole", "x", False),
        ([{**ALLOW_A, "Resource": "arn:aws:s3:::a/?"}], "s3:GetObject", "arn:aws:s3:::a/xy", False),
        (
            [{**ALLOW_A, "Resource": "arn:aws:s3:::a/[x]"}],
            "s3:GetObject",
            "arn:aws:s3:::a/x",
            False,
        ),
    ],
)
def test_policies(statements: list[Any], action: str, resource: str, expected: bool) -> None:
    assert policies.permits([document(*statements)], action, resource) is expected


def test_a_condition_that_can_be_read_decides_and_another_does_not() -> None:
    read = {**ALLOW_A, "Condition": {"StringEquals": {"aws:PrincipalArn": "me"}}}
    unread = {**ALLOW_A, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    resource = "arn:aws:s3:::a/x"
    assert policies.permits([document(read)], "s3:GetObject", resource, {"aws:PrincipalArn": "me"})
    assert not policies.permits([document(read)], "s3:GetObject", resource, {"aws:PrincipalArn": "x"})
    assert policies.permits([document(unread)], "s3:GetObject", resource)
