"""The embedded cloud: what is deployed to AWS, deployed to this machine.

with EmbeddedCloud(home) as cloud:
    deploy(cloud, Path("cdk.out"))
    cloud.enforce_iam()
    cloud.fire("ec2-instances")
"""

from local.cloud.deploy import DeployError, deploy, deploy_template, destroy
from local.cloud.embedded import EmbeddedCloud
from local.cloud.remote import CloudError, Invocation
from local.cloud.state import StateError

__all__ = [
    "CloudError",
    "DeployError",
    "EmbeddedCloud",
    "Invocation",
    "StateError",
    "deploy",
    "deploy_template",
    "destroy",
]
