"""Policies that are too large, or too many, are refused as IAM and S3 refuse them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.cloud import DeployError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.templates import bucket, template

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}


def document(size: int, principal: Any = None) -> str:
    """A policy of so many characters without blanks, and many with."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/"}
    if principal:
        statement |= {"Principal": principal}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Resource"] += "x" * (size - len(json.dumps(policy, separators=(",", ":"))))
    return json.dumps(policy, separators=(",", ":")).replace(",", ", \n    ")


@pytest.fixture
def role(cloud: EmbeddedCloud, request: pytest.FixtureRequest) -> str:
    name = f"sized-{abs(hash(request.node.name))}"
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


def test_a_roles_inline_policies_have_10240_characters_in_all(cloud: EmbeddedCloud, role: str) -> None:
    iam = cloud.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="a", PolicyDocument=document(6_000))
    with pytest.raises(ClientError, match="Maximum policy size of 10240 bytes exceeded"):
        iam.put_role_policy(RoleName=role, PolicyName="b", PolicyDocument=document(4_241))
    iam.put_role_policy(RoleName=role, PolicyName="b", PolicyDocument=document(4_240))
    iam.put_role_policy(RoleName=role, PolicyName="a", PolicyDocument=document(5_000))


def test_a_managed_policy_has_6144_characters(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")
    arn = iam.create_policy(PolicyName="fits", PolicyDocument=document(6_144))["Policy"]["Arn"]
    for create in (
        lambda: iam.create_policy(PolicyName="large", PolicyDocument=document(6_145)),
        lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(6_145)),
    ):
        with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
            create()


def test_a_role_takes_ten_managed_policies(cloud: EmbeddedCloud, role: str) -> None:
    iam = cloud.client("iam")
    for number in range(11):
        arn = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=document(200))["Policy"]["Arn"]
        if number < 10:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.attach_role_policy(RoleName=role, PolicyArn=arn.replace("-10", "-9"))
    with pytest.raises(ClientError, match="Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def test_a_trust_policy_has_2048_characters(cloud: EmbeddedCloud, role: str) -> None:
    iam = cloud.client("iam")
    large = json.dumps(TRUST | {"Id": "x" * 2_048})
    with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=large)
    with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.create_role(RoleName="too-trusting", AssumeRolePolicyDocument=large)


def test_a_bucket_policy_has_20_kilobytes_blanks_and_denials_included(cloud: EmbeddedCloud) -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    statements = [denial | {"Resource": f"arn:aws:s3:::kept/{'x' * 20_500}"}]
    policy = {"Bucket": "kept", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    parts = {"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy, "DependsOn": "Bucket"}}
    with pytest.raises(DeployError, match="Policy exceeds the maximum allowed document size"):
        deploy_template(cloud, template(bucket("Bucket", "kept"), parts), name="large-policy")
    cloud.client("s3").create_bucket(Bucket="policed")
    with pytest.raises(ClientError, match="Policy exceeds the maximum allowed document size"):
        cloud.client("s3").put_bucket_policy(Bucket="policed", Policy=document(20_481, "*"))
