"""Schedules of a stack: a group, the role that starts functions, and the queue for what could not be done.

The hour of a deployment: bills start at :10, rollups at :20, messages at :40. Collectors start in the minutes of
COLLECTOR_MINUTES, so that even one that takes all of its 15 minutes is done when the rollups read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.acknowledgments import acknowledge
from infra.constructs.lake_function import LakeFunction
from infra.deployment import Deployment

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

BILLS, MESSAGES = 10, 40
COLLECTOR_MINUTES = tuple(minute for minute in (*range(25, 60), *range(5)) if minute != MESSAGES)
DAILY_HOUR = 1
"""Of daily collectors, UTC: CloudWatch has all of yesterday by then."""


def hourly(minute: int) -> str:
    """The expression of what runs every hour."""
    return f"cron({minute} * * * ? *)"


def collector_schedules(collectors: Mapping[str, Collector]) -> dict[str, str]:
    """When each collector runs, by its name: spread over COLLECTOR_MINUTES, no two at once while there are enough.

    The name decides the minute, so that another collector's coming or going moves it only where both want the same one; the
    later in the alphabet then takes the next that is free.
    """
    starts: Counter[int] = Counter()
    expressions = {}
    for number, name in enumerate(sorted(collectors)):
        wanted = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
        in_turn = (COLLECTOR_MINUTES[(wanted + step) % len(COLLECTOR_MINUTES)] for step in range(len(COLLECTOR_MINUTES)))
        minute = next(minute for minute in in_turn if starts[minute] <= number // len(COLLECTOR_MINUTES))
        starts[minute] += 1
        is_daily = collectors[name].schedule == "daily"
        expressions[name] = f"cron({minute} {DAILY_HOUR} * * ? *)" if is_daily else hourly(minute)
    return expressions


class Schedules(Construct):
    """A group of schedules with one dead-letter queue, which their functions use too.

    Each schedule hands its scheduled time to the function as `slot`, which names all that the run writes: a delivery that is
    tried again, or doubled, overwrites.
    """

    def __init__(self, scope: Construct, purpose: str, deployment: Deployment) -> None:
        super().__init__(scope, "Schedules")
        self.name = deployment.names.group(purpose)
        self._group = scheduler.CfnScheduleGroup(self, "Group", name=self.name)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=f"{self.name}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(self.dead_letters, "SQS3", "it is the dead-letter queue")
        self._role = iam.Role(
            self,
            "Role",
            role_name=f"{self.name}-schedules",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"),
            description="Starts the functions of this group's schedules",
        )
        self._role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.dead_letters.queue_arn]))

    def allow_start(self, function: LakeFunction) -> None:
        """Let the group's schedules start a function."""
        self._role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function.function_arn])
        )

    def start(self, name: str, function: LakeFunction, expression: str, event: dict[str, Any]) -> None:
        """Start function with event and the slot whenever expression (UTC) says."""
        scheduler.CfnSchedule(
            self,
            name,
            name=name,
            group_name=self._group.ref,
            description=f"Starts {function.name}",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function.function_arn,
                role_arn=self._role.role_arn,
                input=json.dumps({**event, "slot": SCHEDULED_TIME}),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=10
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.dead_letters.queue_arn),
            ),
        ).node.add_dependency(self._role)
