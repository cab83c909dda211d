"""Shaping raw records: what the recordings have no example of."""

import pytest

from collectors.aws import ebs_volumes, ec2_instances, elastic_ips
from collectors.scanning.shaping import flag, number, utc_text
from lake.resource_types import ResourceKind, partition_of

ACCOUNT = "111111111111"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_an_arn_is_in_its_regions_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    assert ebs_volumes.EBS_VOLUME.arn_of("vol-1", region, ACCOUNT) == f"arn:{partition}:ec2:{region}:{ACCOUNT}:volume/vol-1"
    role = ResourceKind("iam:role", "A role", "arn:{partition}:iam::{account}:role/{id}")
    assert role.arn_of("a{b}", region, ACCOUNT) == f"arn:{partition}:iam::{ACCOUNT}:role/a{{b}}"


def test_nothing_said_is_not_no_and_not_zero() -> None:
    assert (flag(None), flag(False), number(None), number(0), utc_text(None)) == (None, "false", None, "0", None)


def test_a_volume_on_two_instances_names_both() -> None:
    attachments = [{"InstanceId": "i-1", "Device": "/dev/sdf"}, {"InstanceId": "i-2", "Device": "/dev/sdg"}]
    event = ebs_volumes.to_event({"VolumeId": "vol-1", "Size": 8, "Attachments": attachments}, ACCOUNT, "us-east-1")
    assert event.properties["attached_instance"] == "i-1,i-2"


def test_a_free_volume_has_no_attachment() -> None:
    event = ebs_volumes.to_event({"VolumeId": "vol-1", "Size": 8, "Attachments": []}, ACCOUNT, "us-east-1")
    assert dict(event.properties) == {"size_gb": "8"}


def test_an_address_from_before_vpcs_is_known_by_its_ip() -> None:
    event = elastic_ips.to_event({"PublicIp": "1.2.3.4", "InstanceId": "", "Domain": "standard"}, ACCOUNT, "us-east-1")
    assert event.resource_arn == f"arn:aws:ec2:us-east-1:{ACCOUNT}:elastic-ip/1.2.3.4"
    assert event.properties["associated"] == "false"


def test_an_instance_tells_its_vcpus_and_how_it_is_bought() -> None:
    raw = {"InstanceId": "i-1", "CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 2}, "InstanceLifecycle": "spot"}
    properties = ec2_instances.to_event(raw, ACCOUNT, "us-east-1").properties
    assert (properties["vcpus"], properties["lifecycle"], properties["platform"]) == ("8", "spot", "linux")
