"""EC2 instances: one `config` event an instance and scan, terminated ones included for as long as AWS lists them.

value is 1 (count). properties: instance_type, ami_id, subnet_id, vpc_id, launch_time, state, platform (windows or linux),
and platform_details, lifecycle (on-demand, spot, scheduled or capacity-block), vcpus, architecture, availability_zone,
tenancy, private_ip, public_ip, iam_instance_profile (ARN), key_name, detailed_monitoring, ebs_optimized, root_device_type,
attached_volumes (ids, comma-separated), state_reason (AWS's code), state_transition_reason (its text, with the time of
a stop).
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeInstances.
Source: EC2 DescribeInstances, 1,000 a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collectors.scanning.declaration import Collector
from collectors.scanning.ec2_xml import ec2_client
from collectors.scanning.events import Event
from collectors.scanning.shaping import arn, flag, joined, number, present, session_account, tags_of, utc_text

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


def scan(session: boto3.Session, region: str) -> Iterator[Event]:
    """Every instance of the session's account in region."""
    account_id = session_account(session)
    ec2 = ec2_client(session, region, UNREAD)
    for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        for reservation in page["Reservations"]:
            for raw in reservation["Instances"]:
                yield to_event(raw, account_id, region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one instance as DescribeInstances gives it."""
    instance_id = raw["InstanceId"]
    tags = tags_of(raw)
    return Event(
        resource_type="ec2:instance",
        resource_id=instance_id,
        resource_arn=arn("ec2", region, account_id, f"instance/{instance_id}"),
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


COLLECTOR = Collector(
    table="outlay.resource_events",
    schedule="rate(1 hour)",
    actions=("ec2:DescribeInstances",),
    resource_types=("ec2:instance",),
    scan=scan,
)
