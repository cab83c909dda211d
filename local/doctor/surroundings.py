"""What stands around a deployment: the layers that it runs on, Lake Formation, who hears its alarms."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings.layers import regions_of_layers
from local.doctor.finding import CheckResult
from local.doctor.stacks import DeployedStacks

FUNCTIONS = ("collect", "bills", "rollup", "notify", "schema")


def check_layers(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether every function runs on the layers that the settings, or this version's table, name for the region."""
    region = deployment.session.region_name
    wanted = {arns[region] for arns in regions_of_layers(deployment.settings.layers, region).values()}
    client = deployment.session.client("lambda")
    for name in (f"{deployment.name}-{purpose}" for purpose in FUNCTIONS):
        found = client.get_function_configuration(FunctionName=name).get("Layers", [])
        if other := wanted ^ {layer["Arn"] for layer in found}:
            yield CheckResult("warn", f"{name} runs on other layers: {', '.join(sorted(other))}", "run `cdk deploy --all`")
            return
    yield CheckResult("ok", f"the functions run on {', '.join(sorted(wanted))}")


def check_lake_formation(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether IAM alone decides who may use new databases and tables: then Lake Formation's own grants are not needed."""
    settings = deployment.session.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    for what in ("Database", "Table"):
        granted = settings.get(f"Create{what}DefaultPermissions", [])
        principals = {one["Principal"]["DataLakePrincipalIdentifier"] for one in granted}
        if "IAM_ALLOWED_PRINCIPALS" not in principals:
            yield CheckResult(
                "warn",
                f"Lake Formation does not leave new {what.lower()}s to IAM",
                "docs/deploy.md, Lake Formation: switch on 'Use only IAM access control', or grant the roles there",
            )
            return
    yield CheckResult("ok", "Lake Formation leaves new databases and tables to IAM")


def check_listeners(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether somebody hears the alarms: a mail address counts once its owner has confirmed it."""
    sns = deployment.session.client("sns")
    account = deployment.session.client("sts").get_caller_identity()["Account"]
    partition, region = sns.meta.partition, deployment.session.region_name
    topic = f"arn:{partition}:sns:{region}:{account}:{deployment.name}-alarms"
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [one for page in pages for one in page["Subscriptions"]]
    waiting = [one["Endpoint"] for one in found if one["SubscriptionArn"] == "PendingConfirmation"]
    if waiting:
        told = f"{', '.join(waiting)} has not confirmed the subscription to {deployment.name}-alarms"
        yield CheckResult("fail", told, "follow the link in AWS's mail; deploy again where it is older than three days")
    elif found:
        yield CheckResult("ok", f"{len(found)} subscribed to {deployment.name}-alarms")
    else:
        yield CheckResult("warn", f"nobody hears the alarms of {deployment.name}-alarms", "set alarm_email, or subscribe")
