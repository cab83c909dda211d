"""Alerts: findings to Slack, and Outlay's own troubles to a topic."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.constructs.alarms import Alarms, Starts
from infra.constructs.lake_function import LakeFunction
from infra.constructs.schedules import MESSAGES, Schedules, hourly
from infra.deployment import Deployment
from infra.environment import lake_environment
from infra.permissions import Permission


class AlertsStack(Stack):
    """The notifier with what it remembers and its secret; the alarms of all stacks.

    starts: how often the schedules of the other stacks' groups start a day.
    """

    def __init__(self, scope: Construct, deployment: Deployment, starts: Starts, **kwargs: Any) -> None:
        name = deployment.names.group("alerts")
        super().__init__(scope, "Alerts", stack_name=name, description="Outlay: notifications and alarms", **kwargs)
        schedules = Schedules(self, "alerts", deployment)
        notify = self._notify(deployment, schedules)
        schedules.allow_start(notify)
        schedules.start("notify", notify, hourly(MESSAGES), {})
        alarms = Alarms(self, deployment, {**starts, "alerts": schedules.starts_a_day})
        CfnOutput(self, "AlarmTopicArn", value=alarms.topic.topic_arn, description="Outlay's own alarms")

    def _notify(self, deployment: Deployment, schedules: Schedules) -> LakeFunction:
        sent, secret_arn = self._sent(deployment), self._slack_secret(deployment)
        function = LakeFunction(
            self,
            "notify",
            deployment,
            {
                **lake_environment(deployment),
                "OUTLAY_SLACK_SECRET_ARN": secret_arn,
                "OUTLAY_SLACK_API_URL": deployment.settings.deployment.slack.api_url,
                "OUTLAY_IDEMPOTENCY_TABLE": sent.table_name,
            },
            timeout=Duration.minutes(10),
            reserved=1,
            dead_letters=schedules.dead_letters,
        )
        permissions, told = deployment.permissions, [deployment.catalog.table("outlay.notifications")]
        function.allow(
            permissions.query(),
            permissions.write_objects(told),
            permissions.register_partitions(told),
            Permission("reads the Slack token", ("secretsmanager:GetSecretValue",), (secret_arn,)),
            Permission(
                "remembers what was sent, so that nothing is sent twice",
                ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
                (sent.table_arn,),
            ),
        )
        return function

    def _sent(self, deployment: Deployment) -> dynamodb.Table:
        """What was sent already, for as long as a finding can come up again; the table notifications keeps the record."""
        table = dynamodb.Table(
            self,
            "Sent",
            table_name=f"{deployment.names.deployment}-sent",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expiration",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(table, "DDB3", "its items expire; the lake's table notifications is the lasting record")
        return table

    def _slack_secret(self, deployment: Deployment) -> str:
        """ARN of the configured secret, or of a new one that waits for a person to put the token in."""
        if configured := deployment.settings.deployment.slack.secret_arn:
            return configured
        secret = secretsmanager.Secret(
            self,
            "Slack",
            secret_name=f"{deployment.names.deployment}/slack",
            description='{"bot_token": "xoxb-..."} or {"webhook_url": "https://hooks.slack.com/..."}',
            secret_string_value=SecretValue.unsafe_plain_text("{}"),
        )
        acknowledge(secret, "SMG4", "Slack issues the token; there is nothing that could rotate it without a person")
        CfnOutput(self, "SlackSecretArn", value=secret.secret_arn, description="Put the Slack token in here")
        return secret.secret_arn
