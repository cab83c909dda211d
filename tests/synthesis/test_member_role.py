"""The role in each account: who may take it, and what it lets them do."""

from __future__ import annotations

import re

from collectors.scanning.discovery import collectors
from tests.synthesis.templates import Assembly

READS = re.compile(r"[a-z0-9-]+:(Describe|List|Get)[A-Za-z]+")


def test_only_the_collect_role_with_the_external_id_enters(assembly: Assembly) -> None:
    role = assembly.one("AWS::IAM::Role", "MemberRole")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    central = "<if CentralAccountIsTold: <CentralAccountId> else <AWS::AccountId>>"
    assert statement["Principal"] == {"AWS": f"arn:<AWS::Partition>:iam::{central}:root"}
    assert statement["Condition"] == {
        "StringEquals": {"sts:ExternalId": "<ExternalId>"},
        "ArnEquals": {"aws:PrincipalArn": f"arn:<AWS::Partition>:iam::{central}:role/outlay-collect"},
    }
    assert role["RoleName"] == "outlay-member"
    (collect,) = [f for f in assembly.resources("AWS::Lambda::Function") if f["FunctionName"] == "outlay-collect"]
    told = collect["Environment"]["Variables"]
    assert told["OUTLAY_MEMBER_ROLE"] == role["RoleName"]
    assert told["OUTLAY_EXTERNAL_ID"] == assembly.templates["MemberRole"]["Parameters"]["ExternalId"]["Default"]


def test_it_allows_the_collectors_actions_and_they_only_read(assembly: Assembly) -> None:
    (statement,) = assembly.one("AWS::IAM::Policy", "MemberRole")["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {action for collector in collectors().values() for action in collector.actions}
    assert not [action for action in statement["Action"] if not READS.fullmatch(action)]


def test_a_stack_set_can_carry_the_template(assembly: Assembly) -> None:
    """No asset, nothing imported, no bootstrap parameter: the file alone is enough."""
    template = assembly.templates["MemberRole"]
    assert set(template["Parameters"]) == {"CentralAccountId", "ExternalId"}
    assert all("Default" in parameter for parameter in template["Parameters"].values())
    assert "cdk-hnb659fds" not in str(template)
    assert {resource["Type"] for resource in template["Resources"].values()} == {"AWS::IAM::Role", "AWS::IAM::Policy"}
