"""The embedded cloud: what is deployed to AWS, deployed to this machine.

with EmbeddedCloud(home) as cloud:
    deploy(cloud, Path("cdk.out"))
    cloud.enforce_iam()
    cloud.fire("ec2-instances")
"""

from embedded.cloud.deploy import DeployError, deploy, deploy_template, destroy
from embedded.cloud.embedded import EmbeddedCloud
from embedded.cloud.remote import CloudError, Invocation
from embedded.cloud.state import StateError

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
