"""What a charge is for: ids that AWS bills by, as the ARNs and types by which collectors know the same resources."""

from __future__ import annotations

import re
from typing import NamedTuple

from collectors.scanning.shaping import arn

NO_RESOURCE = "cost_allocation"
"""Type of a charge that names no resource."""

_EC2_PATHS = {
    "i": "instance",
    "vol": "volume",
    "snap": "snapshot",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
    "eni": "network-interface",
    "ami": "image",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpn": "vpn-connection",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
}
"""Resource part of an EC2 ARN by the prefix of the id."""

_TYPES = {
    ("ec2", "instance"): "ec2:instance",
    ("ec2", "volume"): "ebs:volume",
    ("ec2", "snapshot"): "ebs:snapshot",
    ("ec2", "natgateway"): "vpc:nat_gateway",
    ("ec2", "elastic-ip"): "elastic_ip",
    ("s3", ""): "s3:bucket",
    ("sns", ""): "sns:topic",
    ("sqs", ""): "sqs:queue",
}
"""Types that are not service:resource as the ARN says it."""

_EC2_ID = re.compile(r"(tgw-attach|[a-z]+)-[0-9a-f]{8,17}")
_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):[\w-]*:[\w-]*:(?P<resource>.+)", re.DOTALL)
_KIND = re.compile(r"(?P<kind>[A-Za-z][\w.-]*)[:/](?P<id>.+)", re.DOTALL)


class BilledResource(NamedTuple):
    """What a charge is for. arn is the provider's own id where no ARN can be told."""

    arn: str | None
    type: str
    id: str | None


def resource_of(billed_id: str, account_id: str, region: str, service: str, otherwise: str) -> BilledResource:
    """The resource that a bill calls billed_id; empty where the charge names none.

    otherwise is the type of an id that tells nothing itself. region may be empty.
    """
    if not billed_id:
        return BilledResource(None, NO_RESOURCE, None)
    if match := _ARN.fullmatch(billed_id):
        return _of_arn(billed_id, match["service"], match["resource"])
    if (match := _EC2_ID.fullmatch(billed_id)) and match[1] in _EC2_PATHS and region and account_id:
        path = _EC2_PATHS[match[1]]
        return BilledResource(arn("ec2", region, account_id, f"{path}/{billed_id}"), _type("ec2", path), billed_id)
    if service in ("AmazonS3", "Amazon Simple Storage Service"):
        return BilledResource(f"arn:aws:s3:::{billed_id}", "s3:bucket", billed_id)
    return BilledResource(billed_id, otherwise, billed_id.rstrip("/").rpartition("/")[2] or billed_id)


def _of_arn(billed_id: str, service: str, resource: str) -> BilledResource:
    """A resource part is kind/id, kind:id, or the id alone."""
    kind, short = "", resource
    # A bucket's name or an object's key may hold slashes and still name no kind.
    if service not in ("s3", "sns", "sqs") and (match := _KIND.fullmatch(resource)):
        kind, short = match["kind"], match["id"]
    return BilledResource(billed_id, _type(service, kind), short)


def _type(service: str, kind: str) -> str:
    return _TYPES.get((service, kind)) or f"{service}:{kind or 'resource'}"
