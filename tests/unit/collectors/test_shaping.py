"""Shaping raw records: what the recordings have no example of."""

from datetime import UTC, datetime

import pytest

from collectors.aws import ebs_volumes, ec2_instances, elastic_ips
from collectors.aws.nat_traffic import last_full_hour
from collectors.scanning.shaping import arn, flag, number, partition_of, utc_text

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
    assert arn("ec2", region, ACCOUNT, "volume/vol-1") == f"arn:{partition}:ec2:{region}:{ACCOUNT}:volume/vol-1"


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


@pytest.mark.parametrize(("minute", "hour"), [(0, 8), (4, 8), (5, 9), (59, 9)])
def test_metrics_are_read_of_an_hour_that_has_settled(minute: int, hour: int) -> None:
    assert last_full_hour(datetime(2026, 11, 20, 9, minute, 30, tzinfo=UTC)) == datetime(2026, 11, 20, hour, tzinfo=UTC)
