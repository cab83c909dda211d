"""NAT gateways: one `config` event a gateway and scan, deleted ones included for as long as AWS lists them.

NAT_GATEWAY says what value and properties mean; what gateways carry comes from nat_traffic.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeNatGateways.
Source: EC2 DescribeNatGateways, 1,000 a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event, Origin
from collectors.scanning.shaping import joined, present, tags_of, utc_text
from lake.resource_types import Edge, Property, ResourceKind

if TYPE_CHECKING:
    import boto3

PAGE_SIZE = 1000
NAT_GATEWAY = ResourceKind(
    type="vpc:nat_gateway",
    meaning="A NAT gateway, public or private",
    arn="arn:{partition}:ec2:{region}:{account}:natgateway/{id}",
    id_prefix="nat-",
    values=(
        Property("value", "1 for each gateway", "count"),
        Property("value", "What it carried in the hour, as bytes_processed", "bytes", event_type="metric"),
    ),
    properties=(
        Property("state", "pending, failed, available, deleting or deleted", source="State"),
        Property("vpc_id", "VPC that it is in", source="VpcId"),
        Property("subnet_id", "Subnet that it is in", source="SubnetId"),
        Property("connectivity_type", "public or private", source="ConnectivityType"),
        Property("public_ip", "Its Elastic IP addresses", "separated by commas", "NatGatewayAddresses.*.PublicIp"),
        Property("private_ip", "Its private addresses", "separated by commas", "NatGatewayAddresses.*.PrivateIp"),
        Property(
            "allocation_id", "Ids of its Elastic IP addresses", "separated by commas", "NatGatewayAddresses.*.AllocationId"
        ),
        Property(
            "network_interface_id",
            "Its network interfaces",
            "ids, separated by commas",
            "NatGatewayAddresses.*.NetworkInterfaceId",
        ),
        Property("create_time", "When it was made", "ISO 8601, UTC", "CreateTime"),
        Property("failure_code", "Why it could not be made, as AWS's code", source="FailureCode"),
        Property("failure_message", "The same as text", source="FailureMessage"),
        Property(
            "bytes_processed",
            "Bytes that went to destinations and came from them in the hour, each counted once",
            "bytes",
            "BytesOutToDestination + BytesInFromDestination",
            event_type="metric",
        ),
        Property(
            "active_connections",
            "Most connections at once in the hour",
            "count",
            "ActiveConnectionCount, Maximum",
            event_type="metric",
        ),
    ),
    edges=(Edge("nat_for", "ec2:subnet", "subnet_id"),),
)


def scan(session: boto3.Session, origin: Origin) -> Iterator[Event]:
    """Every NAT gateway of the account in the region."""
    for raw in described(session, origin.region):
        yield to_event(raw, origin.account_id, origin.region)


def described(session: boto3.Session, region: str) -> Iterator[Mapping[str, Any]]:
    """Every NAT gateway as DescribeNatGateways gives it."""
    ec2 = session.client("ec2", region_name=region)
    for page in ec2.get_paginator("describe_nat_gateways").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        yield from page["NatGateways"]


def to_event(raw: Mapping[str, Any], account_id: str, region: str) -> Event:
    """Shape one gateway."""
    gateway_id = raw["NatGatewayId"]
    tags = tags_of(raw)
    addresses = raw.get("NatGatewayAddresses", ())
    return Event(
        resource_type=NAT_GATEWAY.type,
        resource_id=gateway_id,
        resource_arn=NAT_GATEWAY.arn_of(gateway_id, region, account_id),
        resource_name=tags.get("Name"),
        value=1,
        unit="count",
        properties=present(
            {
                "state": raw.get("State"),
                "vpc_id": raw.get("VpcId"),
                "subnet_id": raw.get("SubnetId"),
                "connectivity_type": raw.get("ConnectivityType"),
                "public_ip": joined([address.get("PublicIp") for address in addresses]),
                "private_ip": joined([address.get("PrivateIp") for address in addresses]),
                "allocation_id": joined([address.get("AllocationId") for address in addresses]),
                "network_interface_id": joined([address.get("NetworkInterfaceId") for address in addresses]),
                "create_time": utc_text(raw.get("CreateTime")),
                "failure_code": raw.get("FailureCode"),
                "failure_message": raw.get("FailureMessage"),
            }
        ),
        tags=tags,
    )


COLLECTOR = Collector(scan, kinds=(NAT_GATEWAY,), actions=("ec2:DescribeNatGateways",))
