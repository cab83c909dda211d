"""Elastic IP addresses: one `config` event an address and scan.

value is 1 (count). properties: associated (true or false: an idle address costs as much as a used one), instance_id,
public_ip, and state (associated or unassociated), allocation_id, association_id, network_interface_id,
network_interface_owner_id (another account, or amazon-aws, where a service uses the address), private_ip, domain,
network_border_group, public_ipv4_pool.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeAddresses.
Source: EC2 DescribeAddresses, which has no pages: every address comes in one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event
from collectors.scanning.shaping import arn, flag, present, session_account, tags_of

if TYPE_CHECKING:
    import boto3


def scan(session: boto3.Session, region: str) -> Iterator[Event]:
    """Every Elastic IP address of the session's account in region."""
    account_id = session_account(session)
    ec2 = session.client("ec2", region_name=region)
    for raw in ec2.describe_addresses()["Addresses"]:
        yield to_event(raw, account_id, region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one address as DescribeAddresses gives it."""
    # An address from before VPCs has no allocation; AWS names it by its IP.
    address_id = raw.get("AllocationId") or raw["PublicIp"]
    tags = tags_of(raw)
    associated = any(raw.get(key) for key in ("AssociationId", "InstanceId", "NetworkInterfaceId"))
    return Event(
        resource_type="elastic_ip",
        resource_id=address_id,
        resource_arn=arn("ec2", region, account_id, f"elastic-ip/{address_id}"),
        resource_name=tags.get("Name"),
        value=1,
        unit="count",
        properties=present(
            {
                "associated": flag(associated),
                "state": "associated" if associated else "unassociated",
                "instance_id": raw.get("InstanceId"),
                "public_ip": raw.get("PublicIp"),
                "private_ip": raw.get("PrivateIpAddress"),
                "allocation_id": raw.get("AllocationId"),
                "association_id": raw.get("AssociationId"),
                "network_interface_id": raw.get("NetworkInterfaceId"),
                "network_interface_owner_id": raw.get("NetworkInterfaceOwnerId"),
                "domain": raw.get("Domain"),
                "network_border_group": raw.get("NetworkBorderGroup"),
                "public_ipv4_pool": raw.get("PublicIpv4Pool"),
            }
        ),
        tags=tags,
    )


COLLECTOR = Collector(
    table="outlay.resource_events",
    schedule="rate(1 hour)",
    actions=("ec2:DescribeAddresses",),
    resource_types=("elastic_ip",),
    scan=scan,
)
