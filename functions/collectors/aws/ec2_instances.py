"""EC2 instances: one `config` event an instance and scan, terminated ones included for as long as AWS lists them.

EC2_INSTANCE says what value and properties mean.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeInstances.
Source: EC2 DescribeInstances, 1,000 a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collectors.scanning.declaration import Collector
from collectors.scanning.ec2_xml import ec2_client
from collectors.scanning.events import Event, Origin
from collectors.scanning.shaping import flag, joined, number, present, tags_of, utc_text
from lake.resource_types import Edge, Property, ResourceKind

if TYPE_CHECKING:
    import boto3

PAGE_SIZE = 1000
UNREAD = (
    "amiLaunchIndex",
    "attachTime",
    "availabilityZoneId",
    "capacityReservationSpecification",
    "clientToken",
    "currentInstanceBootMode",
    "deleteOnTermination",
    "deviceName",
    "dnsName",
    "enaSupport",
    "enclaveOptions",
    "groupId",
    "groupName",
    "groupSet",
    "hibernationOptions",
    "hypervisor",
    "id",
    "licenseSet",
    "maintenanceOptions",
    "metadataOptions",
    "networkInterfaceSet",
    "networkPerformanceOptions",
    "operator",
    "ownerId",
    "privateDnsName",
    "privateDnsNameOptions",
    "productCodes",
    "requesterId",
    "reservationId",
    "rootDeviceName",
    "secondaryInterfaceSet",
    "sourceDestCheck",
    "status",
    "usageOperation",
    "usageOperationUpdateTime",
    "virtualizationType",
)
"""What EC2 says of an instance, of its volumes and of its reservation, and no property needs: two thirds of an answer."""


EC2_INSTANCE = ResourceKind(
    type="ec2:instance",
    meaning="An EC2 instance",
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    id_prefix="i-",
    values=(Property("value", "1 for each instance", "count"),),
    properties=(
        Property("instance_type", "Such as m7g.large", source="InstanceType"),
        Property("ami_id", "Image that it was launched from", source="ImageId"),
        Property("platform", "windows or linux"),
        Property("platform_details", "What is charged for the platform, such as Linux/UNIX", source="PlatformDetails"),
        Property("lifecycle", "on-demand, spot, scheduled or capacity-block"),
        Property("vcpus", "Virtual CPUs: cores times threads", "count"),
        Property("architecture", "Such as arm64 or x86_64", source="Architecture"),
        Property("iam_instance_profile", "ARN of its instance profile", source="IamInstanceProfile.Arn"),
        Property("key_name", "SSH key pair that it was launched with", source="KeyName"),
        Property("detailed_monitoring", "Whether metrics come every minute, for a fee: true or false"),
        Property("ebs_optimized", "true or false", source="EbsOptimized"),
        Property("root_device_type", "ebs or instance-store", source="RootDeviceType"),
        Property("subnet_id", "Subnet of its first network interface", source="SubnetId"),
        Property("vpc_id", "VPC that it is in", source="VpcId"),
        Property("availability_zone", "Where it is", source="Placement.AvailabilityZone"),
        Property("tenancy", "default, dedicated or host", source="Placement.Tenancy"),
        Property("private_ip", "Its first private address", source="PrivateIpAddress"),
        Property("public_ip", "Its public address", source="PublicIpAddress"),
        Property(
            "attached_volumes", "Volumes that it has", "ids, separated by commas", "BlockDeviceMappings.*.Ebs.VolumeId"
        ),
        Property("state", "pending, running, shutting-down, terminated, stopping or stopped", source="State.Name"),
        Property("state_reason", "AWS's code for why it is in that state", source="StateReason.Code"),
        Property("state_transition_reason", "The same as text, with the time of a stop", source="StateTransitionReason"),
        Property("launch_time", "When it was launched or last started", "ISO 8601, UTC", "LaunchTime"),
    ),
    edges=(
        Edge("attached_to", "ebs:volume", "attached_volumes", direction="in"),
        Edge("in_subnet", "ec2:subnet", "subnet_id"),
    ),
)


def scan(session: boto3.Session, origin: Origin) -> Iterator[Event]:
    """Every instance of the account in the region."""
    ec2 = ec2_client(session, origin.region, UNREAD)
    for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        for reservation in page["Reservations"]:
            for raw in reservation["Instances"]:
                yield to_event(raw, origin.account_id, origin.region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one instance as DescribeInstances gives it."""
    instance_id = raw["InstanceId"]
    tags = tags_of(raw)
    return Event(
        resource_type=EC2_INSTANCE.type,
        resource_id=instance_id,
        resource_arn=EC2_INSTANCE.arn_of(instance_id, region, account_id),
        resource_name=tags.get("Name"),
        value=1,
        unit="count",
        properties=present(_identity(raw), _placement(raw), _state(raw)),
        tags=tags,
    )


def _identity(raw: Mapping[str, Any]) -> dict[str, str | None]:
    """What was launched: it decides the price."""
    return {
        "instance_type": raw.get("InstanceType"),
        "ami_id": raw.get("ImageId"),
        # EC2 says windows or nothing at all.
        "platform": (raw.get("Platform") or "linux").lower(),
        "platform_details": raw.get("PlatformDetails"),
        # EC2 names a lifecycle only where it is not on demand.
        "lifecycle": raw.get("InstanceLifecycle", "on-demand"),
        "vcpus": _vcpus(raw.get("CpuOptions")),
        "architecture": raw.get("Architecture"),
        "iam_instance_profile": raw.get("IamInstanceProfile", {}).get("Arn"),
        "key_name": raw.get("KeyName"),
        "detailed_monitoring": _detailed_monitoring(raw.get("Monitoring")),
        "ebs_optimized": flag(raw.get("EbsOptimized")),
        "root_device_type": raw.get("RootDeviceType"),
    }


def _placement(raw: Mapping[str, Any]) -> dict[str, str | None]:
    """Where it stands and what hangs on it."""
    placement = raw.get("Placement", {})
    volumes = [mapping.get("Ebs", {}).get("VolumeId") for mapping in raw.get("BlockDeviceMappings", ())]
    return {
        "subnet_id": raw.get("SubnetId"),
        "vpc_id": raw.get("VpcId"),
        "availability_zone": placement.get("AvailabilityZone"),
        "tenancy": placement.get("Tenancy"),
        "private_ip": raw.get("PrivateIpAddress"),
        "public_ip": raw.get("PublicIpAddress"),
        "attached_volumes": joined(volumes),
    }


def _state(raw: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "state": raw.get("State", {}).get("Name"),
        "state_reason": raw.get("StateReason", {}).get("Code"),
        "state_transition_reason": raw.get("StateTransitionReason"),
        "launch_time": utc_text(raw.get("LaunchTime")),
    }


def _vcpus(options: Mapping[str, int] | None) -> str | None:
    return number(options["CoreCount"] * options["ThreadsPerCore"]) if options else None


def _detailed_monitoring(monitoring: Mapping[str, str] | None) -> str | None:
    return flag(monitoring["State"] in ("enabled", "pending")) if monitoring else None


COLLECTOR = Collector(scan, kinds=(EC2_INSTANCE,), actions=("ec2:DescribeInstances",))
