"""EBS volumes: one `config` event a volume and scan.

EBS_VOLUME says what value and properties mean.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeVolumes.
Source: EC2 DescribeVolumes, 1,000 a page.
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
EBS_VOLUME = ResourceKind(
    type="ebs:volume",
    meaning="An EBS volume, attached or free",
    arn="arn:{partition}:ec2:{region}:{account}:volume/{id}",
    id_prefix="vol-",
    values=(Property("value", "Provisioned size", "GiB", "Size"),),
    properties=(
        Property("state", "creating, available, in-use, deleting, deleted or error", source="State"),
        Property("volume_type", "Such as gp3; with size, iops and throughput it decides the price", source="VolumeType"),
        Property("size_gb", "Provisioned size, as AWS bills it", "GiB", "Size"),
        Property("iops", "Provisioned, or the baseline of gp2", "operations a second", "Iops"),
        Property("throughput_mbps", "Provisioned throughput; gp3 only", "MiB/s", "Throughput"),
        Property("encrypted", "true or false", source="Encrypted"),
        Property("kms_key_id", "ARN of the key that encrypts it", source="KmsKeyId"),
        Property("multi_attach", "Whether several instances may have it: true or false", source="MultiAttachEnabled"),
        Property("availability_zone", "Where it is", source="AvailabilityZone"),
        Property("snapshot_id", "Snapshot that it was made from", source="SnapshotId"),
        Property("create_time", "When it was made", "ISO 8601, UTC", "CreateTime"),
        Property("attached_instance", "Instances that have it; absent where it is free", "ids, separated by commas"),
        Property("attached_device", "Device name at its first instance"),
        Property("attach_time", "When it was attached to its first instance", "ISO 8601, UTC"),
        Property("delete_on_termination", "Whether it goes with its first instance: true or false"),
    ),
    edges=(Edge("attached_to", "ec2:instance", "attached_instance"),),
)


def scan(session: boto3.Session, origin: Origin) -> Iterator[Event]:
    """Every volume of the account in the region."""
    ec2 = ec2_client(session, origin.region)
    for page in ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        for raw in page["Volumes"]:
            yield to_event(raw, origin.account_id, origin.region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one volume as DescribeVolumes gives it."""
    volume_id = raw["VolumeId"]
    tags = tags_of(raw)
    return Event(
        resource_type=EBS_VOLUME.type,
        resource_id=volume_id,
        resource_arn=EBS_VOLUME.arn_of(volume_id, region, account_id),
        resource_name=tags.get("Name"),
        value=raw["Size"],
        unit="GiB",
        properties=present(
            {
                "state": raw.get("State"),
                "volume_type": raw.get("VolumeType"),
                "size_gb": number(raw["Size"]),
                "iops": number(raw.get("Iops")),
                "throughput_mbps": number(raw.get("Throughput")),
                "encrypted": flag(raw.get("Encrypted")),
                "kms_key_id": raw.get("KmsKeyId"),
                "multi_attach": flag(raw.get("MultiAttachEnabled")),
                "availability_zone": raw.get("AvailabilityZone"),
                "snapshot_id": raw.get("SnapshotId"),
                "create_time": utc_text(raw.get("CreateTime")),
            },
            _attachment(raw.get("Attachments", [])),
        ),
        tags=tags,
    )


def _attachment(attachments: list[Mapping[str, Any]]) -> dict[str, str | None]:
    """What the volume hangs on; all None for a free one."""
    first = attachments[0] if attachments else {}
    return {
        "attached_instance": joined([attachment.get("InstanceId") for attachment in attachments]),
        "attached_device": first.get("Device"),
        "attach_time": utc_text(first.get("AttachTime")),
        "delete_on_termination": flag(first.get("DeleteOnTermination")),
    }


COLLECTOR = Collector(scan, kinds=(EBS_VOLUME,), actions=("ec2:DescribeVolumes",))
