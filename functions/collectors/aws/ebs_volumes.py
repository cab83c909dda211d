"""EBS volumes: one `config` event a volume and scan.

value is the provisioned size in GiB. properties: volume_type, size_gb (GiB, as AWS bills it), iops (provisioned, or the
baseline of gp2), throughput_mbps (MiB/s, gp3 only), encrypted, attached_instance (ids, comma-separated where a volume is
attached to several), and state, attached_device, attach_time (of the first attachment), delete_on_termination,
availability_zone, snapshot_id (that it was made from), kms_key_id, multi_attach, create_time.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeVolumes.
Source: EC2 DescribeVolumes, 1,000 a page.
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


def scan(session: boto3.Session, region: str) -> Iterator[Event]:
    """Every volume of the session's account in region."""
    account_id = session_account(session)
    ec2 = ec2_client(session, region)
    for page in ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        for raw in page["Volumes"]:
            yield to_event(raw, account_id, region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one volume as DescribeVolumes gives it."""
    volume_id = raw["VolumeId"]
    tags = tags_of(raw)
    return Event(
        resource_type="ebs:volume",
        resource_id=volume_id,
        resource_arn=arn("ec2", region, account_id, f"volume/{volume_id}"),
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


COLLECTOR = Collector(
    table="outlay.resource_events",
    schedule="rate(1 hour)",
    actions=("ec2:DescribeVolumes",),
    resource_types=("ebs:volume",),
    scan=scan,
)
