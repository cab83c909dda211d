"""Rollups: one function that rebuilds, in Athena, whatever its sources made stale."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, Stack
from constructs import Construct

from infra.constructs.lake_function import LakeFunction
from infra.constructs.schedules import Schedules
from infra.deployment import Deployment
from infra.environment import lake_environment

SCHEDULE = "cron(20 * * * ? *)"
"""When the rollups run, in UTC: after the hour's scans and bills, before the notifications."""


class RollupsStack(Stack):
    """The function that reads every table and writes the stored rollups, one run at a time."""

    def __init__(self, scope: Construct, deployment: Deployment, **kwargs: Any) -> None:
        name = deployment.names.group("rollups")
        super().__init__(scope, "Rollups", stack_name=name, description="Outlay: rollups", **kwargs)
        schedules = self.schedules = Schedules(self, "rollups", deployment)
        function = LakeFunction(
            self,
            "rollup",
            deployment,
            lake_environment(deployment),
            timeout=Duration.minutes(15),
            reserved=1,
            dead_letters=schedules.dead_letters,
        )
        permissions = deployment.permissions
        function.allow(permissions.query(of_builds=True), permissions.build_rollups())
        schedules.allow_start(function)
        schedules.start("rollup", function, SCHEDULE, {})
