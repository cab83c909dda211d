"""The role that collectors assume in an account: deployed in the central account, and to others as a StackSet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import Aws, CfnCondition, CfnParameter, Fn, Stack, Token
from aws_cdk import aws_iam as iam
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.acknowledgments import acknowledge
from infra.deployment import Deployment


class MemberRoleStack(Stack):
    """One role: what the collectors read, for the central account's `collect` role that knows the external id.

    The template needs no asset and refers to nothing else, so that a StackSet can carry it into every account.
    """

    def __init__(self, scope: Construct, deployment: Deployment, collectors: Iterable[Collector], **kwargs: Any) -> None:
        names, settings = deployment.names, deployment.settings.deployment
        super().__init__(
            scope,
            "MemberRole",
            stack_name=f"{names.deployment}-member-role",
            description="Outlay: lets the central account read what this account has",
            **kwargs,
        )
        central = self._central_account(settings.account)
        external_id = CfnParameter(
            self,
            "ExternalId",
            default=settings.external_id,
            min_length=8,
            description="external_id of config/deployment.yaml",
        )
        role = iam.Role(
            self,
            "Role",
            role_name=settings.member_role,
            description="Lets Outlay's collectors read what this account has",
            assumed_by=iam.PrincipalWithConditions(
                iam.ArnPrincipal(f"arn:{Aws.PARTITION}:iam::{central}:root"),
                {
                    "StringEquals": {"sts:ExternalId": external_id.value_as_string},
                    "ArnEquals": {"aws:PrincipalArn": names.role_arn(names.function("collect"), central)},
                },
            ),
        )
        actions = sorted({action for collector in collectors for action in collector.actions})
        role.add_to_policy(iam.PolicyStatement(sid="Collect", actions=actions, resources=["*"]))
        acknowledge(role, "IAM5[Resource::*]", "calls that list what an account has know no resources; they only read")

    def _central_account(self, configured: str | None) -> str:
        """The central account's id: a parameter, and this very account where it is left empty."""
        parameter = CfnParameter(
            self,
            "CentralAccountId",
            default=configured or "",
            allowed_pattern=r"^(\d{12})?$",
            description="Account that Outlay is deployed in; empty: this one",
        )
        is_told = CfnCondition(
            self, "CentralAccountIsTold", expression=Fn.condition_not(Fn.condition_equals(parameter.value_as_string, ""))
        )
        return Token.as_string(Fn.condition_if(is_told.logical_id, parameter.value_as_string, Aws.ACCOUNT_ID))
