"""Elastic IP addresses: one `config` event an address and scan.

ELASTIC_IP says what value and properties mean.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeAddresses.
Source: EC2 DescribeAddresses, which has no pages: every address comes in one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event, Origin
from collectors.scanning.shaping import flag, present, tags_of
from lake.resource_types import Edge, Property, ResourceKind

if TYPE_CHECKING:
    import boto3


ELASTIC_IP = ResourceKind(
    type="elastic_ip",
    meaning="An Elastic IP address",
    arn="arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
    id_prefix="eipalloc-",
    values=(Property("value", "1 for each address", "count"),),
    properties=(
        Property("associated", "true or false: an idle address costs as much as a used one"),
        Property("state", "associated or unassociated"),
        Property("instance_id", "Instance that uses it", source="InstanceId"),
        Property("public_ip", "The address", source="PublicIp"),
        Property("private_ip", "The private address that it leads to", source="PrivateIpAddress"),
        Property("allocation_id", "Its id; one from before VPCs is known by its IP instead", source="AllocationId"),
        Property("association_id", "Id of its use", source="AssociationId"),
        Property("network_interface_id", "Network interface that uses it", source="NetworkInterfaceId"),
        Property(
            "network_interface_owner_id",
            "Account that owns that interface: another one, or amazon-aws, where a service uses the address",
            source="NetworkInterfaceOwnerId",
        ),
        Property("domain", "vpc, or standard for one from before VPCs", source="Domain"),
        Property("network_border_group", "Zones from which it is announced", source="NetworkBorderGroup"),
        Property("public_ipv4_pool", "Pool that it comes from: amazon, or one's own", source="PublicIpv4Pool"),
    ),
    edges=(Edge("associated_with", "ec2:instance", "instance_id"),),
)


def scan(session: boto3.Session, origin: Origin) -> Iterator[Event]:
    """Every Elastic IP address of the account in the region."""
    ec2 = session.client("ec2", region_name=origin.region)
    for raw in ec2.describe_addresses()["Addresses"]:
        yield to_event(raw, origin.account_id, origin.region)


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one address as DescribeAddresses gives it."""
    # An address from before VPCs has no allocation; AWS names it by its IP.
    address_id = raw.get("AllocationId") or raw["PublicIp"]
    tags = tags_of(raw)
    associated = any(raw.get(key) for key in ("AssociationId", "InstanceId", "NetworkInterfaceId"))
    return Event(
        resource_type=ELASTIC_IP.type,
        resource_id=address_id,
        resource_arn=ELASTIC_IP.arn_of(address_id, region, account_id),
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


COLLECTOR = Collector(scan, kinds=(ELASTIC_IP,), actions=("ec2:DescribeAddresses",))
