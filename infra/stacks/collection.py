"""Collection: a schedule for every collector, and one for the bills."""

from __future__ import annotations

from math import ceil
from typing import Any

from aws_cdk import Duration, Stack
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.constructs.lake_function import LakeFunction
from infra.constructs.schedules import BILLS, Schedules, collector_schedules, hourly
from infra.deployment import Deployment
from infra.environment import lake_environment
from infra.permissions import Permission
from lake.lake import READINGS

MOST_NAMED_ACCOUNTS = 50
"""Accounts that the policy of `collect` names one by one: a policy has 6,144 characters, and each takes up to 68."""


class CollectionStack(Stack):
    """The functions that bring facts into the lake. They write events and outcomes, and read no table."""

    def __init__(self, scope: Construct, deployment: Deployment, collectors: dict[str, Collector], **kwargs: Any) -> None:
        name = deployment.names.group("collection")
        super().__init__(scope, "Collection", stack_name=name, description="Outlay: collectors and bills", **kwargs)
        schedules = self.schedules = Schedules(self, "collection", deployment)
        collect = self._collect(deployment, schedules, collectors)
        schedules.allow_start(collect)
        for collector, expression in collector_schedules(collectors).items():
            schedules.start(f"collect-{collector}", collect, expression, {"collector": collector})
        bills = self._bills(deployment, schedules)
        schedules.allow_start(bills)
        schedules.start("bills", bills, hourly(BILLS), {})

    def _collect(self, deployment: Deployment, schedules: Schedules, collectors: dict[str, Collector]) -> LakeFunction:
        settings, names, catalog = deployment.settings, deployment.names, deployment.catalog
        role = settings.deployment.member_role
        function = LakeFunction(
            self,
            "collect",
            deployment,
            {
                **lake_environment(deployment),
                "OUTLAY_MEMBER_ROLE": role,
                "OUTLAY_EXTERNAL_ID": settings.deployment.external_id,
                # Older boto3 asks the global endpoint, whose tokens are refused where a region had to be enabled.
                "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            },
            timeout=Duration.minutes(15),
            memory_mb=1769,
            storage_mb=2048,
            reserved=_runs_at_once(len(collectors)),
            invokes_itself=True,
            dead_letters=schedules.dead_letters,
        )
        tables = [catalog.table("outlay.resource_events"), catalog.table("outlay.collector_runs")]
        function.allow(
            _enter_accounts(deployment),
            Permission(
                "continues itself for the accounts that are left when time runs short",
                ("lambda:InvokeFunction",),
                (names.arn("lambda", f"function:{function.name}"),),
            ),
            deployment.permissions.write_events({collector.event_type for collector in collectors.values()}),
            deployment.permissions.register_partitions(tables),
            deployment.permissions.read_outcomes(),
        )
        return function

    def _bills(self, deployment: Deployment, schedules: Schedules) -> LakeFunction:
        function = LakeFunction(
            self,
            "bills",
            deployment,
            lake_environment(deployment),
            timeout=Duration.minutes(15),
            memory_mb=3008,
            storage_mb=10_240,
            reserved=1,
            dead_letters=schedules.dead_letters,
        )
        permissions, catalog = deployment.permissions, deployment.catalog
        events, runs = catalog.table("outlay.resource_events"), catalog.table("outlay.collector_runs")
        function.allow(
            permissions.write_events(["cost"]),
            permissions.read_partitions([events]),
            permissions.publish_partitions([events]),
            permissions.register_partitions([runs]),
        )
        bills = deployment.settings.bills.bills
        function.allow(permissions.keep_readings())
        for bucket in sorted({None, *(bill.bucket for bill in bills)}, key=str):
            kept = [READINGS] if bucket is None else []
            function.allow(permissions.read_bills([*(b.prefix for b in bills if b.bucket == bucket), *kept], bucket))
        return function


def _runs_at_once(collectors: int) -> int:
    """Reserved concurrency of `collect`: a run of every collector, and a quarter more.

    A run that hands its rest on overlaps with its continuation for a moment, and a repeated delivery runs beside the first.
    """
    return collectors + max(2, ceil(collectors / 4))


def _enter_accounts(deployment: Deployment) -> Permission:
    """Assume the member role; in any account where there are too many to be named."""
    accounts, role = deployment.settings.account_ids, deployment.settings.deployment.member_role
    if len(accounts) <= MOST_NAMED_ACCOUNTS:
        why = "enters the configured accounts, and no other, through their member role"
    else:
        why, accounts = "enters accounts through the member role, which trusts it and the external id alone", ("*",)
    return Permission(why, ("sts:AssumeRole",), tuple(deployment.names.role_arn(role, account) for account in accounts))
