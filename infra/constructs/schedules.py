"""Schedules of a stack: a group, the role that starts functions, and the queue for what could not be done.

The hour of a deployment: bills start at :10, rollups at :20, messages at :40. Collectors start in the minutes of
COLLECTOR_MINUTES, so that even one that takes all of its 15 minutes is done when the rollups read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from collectors.scanning.declaration import Collector
from infra.acknowledgments import acknowledge
from infra.constructs.lake_function import LakeFunction
from infra.deployment import Deployment

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def starts_a_day(expression: str) -> int:
    """How often a schedule starts on any day; 0 for one that does not start on every day.

    Understands rate(n minutes|hours|days), and cron fields that are *, numbers, lists and steps.
    """
    if match := _RATE.fullmatch(expression):
        return 1440 // (int(match[1]) * _MINUTES[match[2]])
    minutes, hours, *days = expression.removeprefix("cron(").removesuffix(")").split()
    if any(field not in ("*", "?") for field in days):
        return 0
    return _times(minutes, 60) * _times(hours, 24)


def _times(field: str, among: int) -> int:
    """How many values a cron field takes."""
    first, _, step = field.partition("/")
    if step:
        return len(range(0 if first == "*" else int(first), among, int(step)))
    return among if field == "*" else sum(_values(part) for part in field.split(","))


def _values(part: str) -> int:
    """How many values a number, or a range of them, stands for."""
    low, _, high = part.partition("-")
    return int(high) - int(low) + 1 if high else 1


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
        self.starts_a_day: dict[str, int] = {}
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
            # Scheduler acts for any account that names the role: only this account's, and only this group's, may.
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnEquals": {"aws:SourceArn": deployment.names.arn("scheduler", f"schedule-group/{self.name}")},
                },
            ),
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
        self.starts_a_day[name] = starts_a_day(expression)
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
