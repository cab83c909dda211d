"""NAT gateways: one `config` event a gateway and scan, with what it carried in the last full hour.

value is 1 (count). properties: vpc_id, subnet_id, bytes_processed, active_connections, and state, connectivity_type,
public_ip, private_ip, allocation_id, network_interface_id (each comma-separated where there are several), create_time,
failure_code, failure_message, metrics_from and metrics_until (the hour that the two metrics speak of), metrics_error.

bytes_processed is the sum of BytesOutToDestination and BytesInFromDestination: each byte counted once, where it meets the
destination. AWS does not say which metrics it bills by, so this explains a bill and does not replace it.
active_connections is the greatest ActiveConnectionCount. The hour is the last full one that ended at least five minutes ago,
so that CloudWatch has all of it and a run repeated within the hour reads the same numbers.

A role that may not read CloudWatch still gets its gateways: metrics_error then holds the error's code and the metrics are
absent, which is not the same as 0. Any other failure of CloudWatch fails the scan, as a later one may bring the numbers.
Raises botocore's ClientError UnauthorizedOperation where the role lacks ec2:DescribeNatGateways.
Source: EC2 DescribeNatGateways, 1,000 a page; CloudWatch GetMetricData, 500 queries a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from collectors.aws.nat_traffic import last_full_hour, traffic
from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event
from collectors.scanning.shaping import arn, joined, present, session_account, tags_of, utc_text

if TYPE_CHECKING:
    import boto3

PAGE_SIZE = 1000


def scan(session: boto3.Session, region: str) -> Iterator[Event]:
    """Every NAT gateway of the session's account in region, deleted ones included for as long as AWS lists them."""
    account_id = session_account(session)
    ec2 = session.client("ec2", region_name=region)
    until = last_full_hour(datetime.now(UTC))
    for page in ec2.get_paginator("describe_nat_gateways").paginate(PaginationConfig={"PageSize": PAGE_SIZE}):
        gateways = page["NatGateways"]
        metrics = traffic(session, region, [raw["NatGatewayId"] for raw in gateways], until)
        for raw in gateways:
            yield to_event(raw, account_id, region, metrics[raw["NatGatewayId"]])


def to_event(raw: Mapping[str, Any], account_id: str, region: str, metrics: Mapping[str, str] | None = None) -> Event:
    """Shape one gateway as DescribeNatGateways gives it; metrics are further properties."""
    gateway_id = raw["NatGatewayId"]
    tags = tags_of(raw)
    addresses = raw.get("NatGatewayAddresses", ())
    return Event(
        resource_type="vpc:nat_gateway",
        resource_id=gateway_id,
        resource_arn=arn("ec2", region, account_id, f"natgateway/{gateway_id}"),
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
                **(metrics or {}),
            }
        ),
        tags=tags,
    )


COLLECTOR = Collector(
    table="outlay.resource_events",
    schedule="rate(1 hour)",
    actions=("ec2:DescribeNatGateways", "cloudwatch:GetMetricData"),
    resource_types=("vpc:nat_gateway",),
    scan=scan,
)
