"""Layers: a version that nobody published, a layer of another region, and too large a function are refused, as by Lambda."""

import pytest

from embedded.cloud import DeployError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.templates import ECHO, function, template

PANDAS = "arn:aws:lambda:{region}:336392948345:layer:AWSSDKPandas-Python313-Arm64:{version}"


def deploy(cloud: EmbeddedCloud, name: str, *layers: str, region: str = "us-east-1") -> None:
    deploy_template(cloud, template(function("Echo", ECHO, Layers=list(layers))), name=name, region=region)


@pytest.mark.parametrize(("region", "version"), [("us-east-1", 12), ("af-south-1", 11)])
def test_a_published_version_is_taken(cloud: EmbeddedCloud, region: str, version: int) -> None:
    own = f"arn:aws:lambda:{region}:111111111111:layer:our-own:3"
    deploy(cloud, f"layered-{region}", PANDAS.format(region=region, version=version), own, region=region)


@pytest.mark.parametrize(
    ("region", "version"), [("af-south-1", 12), ("us-east-1", 11), ("us-east-1", 15), ("ap-southeast-4", 12)]
)
def test_a_version_that_is_not_there_is_refused(cloud: EmbeddedCloud, region: str, version: int) -> None:
    with pytest.raises(DeployError, match="not authorized to perform: lambda:GetLayerVersion"):
        deploy(cloud, f"unlayered-{region}-{version}", PANDAS.format(region=region, version=version), region=region)
    names = [one["FunctionName"] for one in cloud.client("lambda", region=region).list_functions()["Functions"]]
    assert not [name for name in names if name.startswith("unlayered")]


def test_a_layer_of_another_region_is_refused(cloud: EmbeddedCloud) -> None:
    with pytest.raises(DeployError, match="not in the same region"):
        deploy(cloud, "far-layer", PANDAS.format(region="eu-west-1", version=12))


def test_code_and_layers_that_are_too_large_together_are_refused(cloud: EmbeddedCloud) -> None:
    pandas = PANDAS.format(region="us-east-1", version=12)
    with pytest.raises(DeployError, match="exceeds the maximum allowed size of 262144000 bytes"):
        deploy(cloud, "two-pandas", pandas, pandas)
