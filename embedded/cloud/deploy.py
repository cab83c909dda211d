"""Hands a synthesized cloud assembly to the embedded cloud, as `cdk deploy` hands it to AWS: assets, then stacks."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from embedded.cloud.assets import ensure_bucket, upload_assets
from embedded.cloud.embedded import EmbeddedCloud

POLL_S = 0.05
STACK_TIMEOUT_S = 900
_IN_TEMPLATE_BYTES = 51_200
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
Progress = Callable[[str], None]


class DeployError(Exception):
    """A stack could not be deployed; the text names the resource that failed and why."""


@dataclass(frozen=True)
class StackArtifact:
    """One stack of a cloud assembly."""

    name: str
    template: dict[str, Any]
    account: str
    region: str
    parameters: dict[str, str]


def deploy(cloud: EmbeddedCloud, cdk_out: Path, progress: Progress = lambda line: None) -> dict[str, dict[str, str]]:
    """Deploys every stack of a `cdk.out`, in dependency order; returns each stack's outputs by stack name.

    Raises DeployError with the failing resource and reason.
    """
    manifest = json.loads((cdk_out / "manifest.json").read_text())["artifacts"]
    stacks = [name for name in _in_order(manifest) if manifest[name]["type"] == "aws:cloudformation:stack"]
    for name, artifact in manifest.items():
        if artifact["type"] == "cdk:asset-manifest":
            progress(f"uploading assets of {name.removesuffix('.assets')}")
            upload_assets(cloud, cdk_out, artifact["properties"]["file"])
    outputs = {}
    for name in stacks:
        stack = _stack(cloud, cdk_out, name, manifest[name])
        progress(f"deploying {stack.name}")
        outputs[stack.name] = _deploy_stack(cloud, stack)
    return outputs


def deploy_template(
    cloud: EmbeddedCloud,
    template: dict[str, Any],
    account: str | None = None,
    region: str | None = None,
    parameters: dict[str, str] | None = None,
    name: str = "member",
) -> dict[str, str]:
    """Deploys one template (such as the member-account role's) to an account; returns the stack's outputs."""
    stack = StackArtifact(name, template, account or cloud.account, region or cloud.region, parameters or {})
    return _deploy_stack(cloud, stack)


def destroy(cloud: EmbeddedCloud, name: str, account: str | None = None, region: str | None = None) -> None:
    """Deletes a stack and waits. Raises DeployError when a resource resists."""
    client = cloud.client("cloudformation", account, region)
    stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name)
    if _wait(client, stack_id)["StackStatus"] != "DELETE_COMPLETE":
        raise DeployError(f"Stack {name}: {_failure(client, stack_id)}")


def _in_order(manifest: dict[str, Any]) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order and name in manifest:
            for dependency in manifest[name].get("dependencies", []):
                visit(dependency)
            order.append(name)

    for name in manifest:
        visit(name)
    return order


def _stack(cloud: EmbeddedCloud, cdk_out: Path, name: str, artifact: dict[str, Any]) -> StackArtifact:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    return StackArtifact(
        name=properties.get("stackName", artifact.get("displayName", name)),
        template=json.loads((cdk_out / properties["templateFile"]).read_text()),
        account=cloud.account if account == "unknown-account" else account,
        region=cloud.region if region == "unknown-region" else region,
        parameters=properties.get("parameters", {}),
    )


def _deploy_stack(cloud: EmbeddedCloud, stack: StackArtifact) -> dict[str, str]:
    client = cloud.client("cloudformation", stack.account, stack.region)
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()]
    request = {
        "StackName": stack.name,
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        **_template_argument(cloud, stack),
    }
    exists = _remove_failed(client, stack.name)
    try:
        stack_id = (client.update_stack if exists else client.create_stack)(**request)["StackId"]
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeployError(f"Stack {stack.name}: {error}") from error
        return _outputs(client.describe_stacks(StackName=stack.name)["Stacks"][0])
    description = _wait(client, stack_id)
    if description["StackStatus"] not in _DONE:
        raise DeployError(f"Stack {stack.name}: {_failure(client, stack_id)}")
    return _outputs(description)


def _template_argument(cloud: EmbeddedCloud, stack: StackArtifact) -> dict[str, str]:
    """The template itself where CloudFormation takes it, else where it lies in the bootstrap bucket."""
    body = json.dumps(stack.template)
    if len(body) <= _IN_TEMPLATE_BYTES:
        return {"TemplateBody": body}
    bucket = f"cdk-local-templates-{stack.account}-{stack.region}"
    s3 = cloud.client("s3", stack.account, stack.region)
    ensure_bucket(s3, bucket, stack.region)
    s3.put_object(Bucket=bucket, Key=f"{stack.name}.json", Body=body.encode())
    return {"TemplateURL": f"https://{bucket}.s3.amazonaws.com/{stack.name}.json"}


def _remove_failed(client: Any, name: str) -> bool:
    """Whether a stack of that name is there to be updated; one that never came up is deleted first."""
    try:
        description = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return False
    if description["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        client.delete_stack(StackName=name)
        _wait(client, description["StackId"])
        return False
    return True


def _wait(client: Any, stack_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + STACK_TIMEOUT_S
    while time.monotonic() < deadline:
        description: dict[str, Any] = client.describe_stacks(StackName=stack_id)["Stacks"][0]
        if not description["StackStatus"].endswith("_IN_PROGRESS"):
            return description
        time.sleep(POLL_S)
    raise DeployError(f"Stack {stack_id} was not done after {STACK_TIMEOUT_S} s.")


def _failure(client: Any, stack_id: str) -> str:
    events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    resources = [event for event in failed if event["ResourceType"] != "AWS::CloudFormation::Stack"]
    if not failed:
        return "failed without an event that says why."
    first = min(resources or failed, key=lambda event: event["Timestamp"])
    kind = first["ResourceType"]
    return f"{first['LogicalResourceId']} ({kind}): {first.get('ResourceStatusReason', 'no reason given')}"


def _outputs(description: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
