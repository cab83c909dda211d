"""A function of Outlay: one handler of the shared code, with a role, a log group and a dead-letter queue of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import Aws, CfnMapping, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgments import acknowledge, acknowledge_wildcards
from infra.deployment import Deployment
from infra.names import METRICS_NAMESPACE
from infra.permissions import Permission
from infra.settings.layers import regions_of_layers


def _layers(scope: Construct, deployment: Deployment) -> list[lambda_.ILayerVersion]:
    """The functions' layers; a template for any region looks its ARNs up by where it is deployed."""
    stack, settings = Stack.of(scope), deployment.settings.deployment
    layers = []
    for name, arns in regions_of_layers(settings.layers, settings.region).items():
        construct = f"{name}Arns".replace("_", "")
        if settings.region:
            arn = arns[settings.region]
        else:
            found = stack.node.try_find_child(construct)
            rows = {region: {"Arn": arn} for region, arn in arns.items()}
            mapping = found if isinstance(found, CfnMapping) else CfnMapping(stack, construct, mapping=rows)
            arn = mapping.find_in_map(Aws.REGION, "Arn")
        layers.append(lambda_.LayerVersion.from_layer_version_arn(scope, name, arn))
    return layers


class LakeFunction(Construct):
    """The function handlers.<purpose>.handler, on Python 3.13 and arm64, under a role that allows what `allow` was told.

    An asynchronous invocation that fails three times goes to dead_letters. reserved is how many may run at once. Lambda
    stops a function that invokes itself after 16 rounds unless it is told that this is meant.
    """

    def __init__(
        self,
        scope: Construct,
        purpose: str,
        deployment: Deployment,
        environment: Mapping[str, str],
        *,
        timeout: Duration,
        memory_mb: int = 512,
        storage_mb: int = 512,
        reserved: int | None = None,
        invokes_itself: bool = False,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, purpose.capitalize())
        settings, self.name = deployment.settings.deployment, deployment.names.function(purpose)
        self.permissions: list[Permission] = []
        self.role = iam.Role(
            self,
            "Role",
            role_name=self.name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {self.name} may do",
        )
        log_group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{self.name}",
            retention_in_days=settings.log_retention_days,
        )
        log_group.apply_removal_policy(RemovalPolicy.DESTROY)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=f"Outlay: {purpose}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(deployment.asset)),
            handler=f"handlers.{purpose}.handler",
            role=self.role,
            layers=_layers(self, deployment),
            environment={
                **environment,
                "POWERTOOLS_SERVICE_NAME": self.name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            timeout=timeout,
            memory_size=memory_mb,
            ephemeral_storage_size=Size.mebibytes(storage_mb),
            reserved_concurrent_executions=reserved if settings.reserved_concurrency else None,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs.LogGroup.from_log_group_name(self, "LogGroup", log_group.ref),
            recursive_loop=lambda_.RecursiveLoop.ALLOW if invokes_itself else None,
        )
        acknowledge(self, "L1", "the layers that carry pyarrow and Powertools are pinned to Python 3.13")
        acknowledge(self, "IAM5[Resource::*]", "X-Ray's two write actions know no resources")
        self._allow_logs(deployment)
        if dead_letters:
            self._give_up_to(dead_letters)
        if settings.kms_key_arn:
            self.allow(
                Permission(
                    "reads and writes objects that the configured KMS key encrypts",
                    ("kms:Decrypt", "kms:GenerateDataKey"),
                    (settings.kms_key_arn,),
                )
            )

    def allow(self, *permissions: Permission | Iterable[Permission]) -> None:
        """Add permissions, and what is denied, to the function's role."""
        for permission in permissions:
            if not isinstance(permission, Permission):
                self.allow(*permission)
                continue
            self.permissions.append(permission)
            self.role.add_to_policy(
                iam.PolicyStatement(
                    effect=iam.Effect.DENY if permission.is_denied else iam.Effect.ALLOW,
                    actions=list(permission.actions),
                    resources=list(permission.resources),
                )
            )
            if not permission.is_denied:
                acknowledge_wildcards(self, permission.resources, permission.why)

    def _give_up_to(self, dead_letters: sqs.IQueue) -> None:
        """Two more attempts within an hour, then a message that holds the event and the error."""
        lambda_.CfnEventInvokeConfig(
            self,
            "Attempts",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=3600,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=dead_letters.queue_arn)
            ),
        ).node.add_dependency(self.role)
        self.allow(Permission("tells what it had to give up", ("sqs:SendMessage",), (dead_letters.queue_arn,)))

    def _allow_logs(self, deployment: Deployment) -> None:
        self.allow(
            Permission(
                "writes its own log group's streams",
                ("logs:CreateLogStream", "logs:PutLogEvents"),
                (deployment.names.arn("logs", f"log-group:/aws/lambda/{self.name}:*"),),
            )
        )
