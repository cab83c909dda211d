"""What a charge is for: ids that AWS bills by, as the ARNs and types by which collectors know the same resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from collectors.scanning.discovery import resource_kinds
from lake.resource_types import Property, ResourceKind

NO_RESOURCE = "cost_allocation"
"""Type of a charge that names no resource."""


def _of_charges(name: str, meaning: str, unit: str | None = None) -> Property:
    return Property(name, meaning, unit, event_type="cost")


CHARGE = ResourceKind(
    NO_RESOURCE,
    "A charge of a bill, whatever it is for; its resource type is cost_allocation where it names no resource",
    "",
    values=(_of_charges("value", "Unblended (billed) cost", "USD"),),
    properties=(
        _of_charges("usage_type", "The provider's usage type or meter, as the column usage_type"),
        _of_charges("operation", "What was done, such as RunInstances"),
        _of_charges("pricing_term", "On demand, reserved, spot or a savings plan, in the provider's words"),
        _of_charges("line_item_type", "Kind of line, in the provider's words"),
        _of_charges("charge_class", "FOCUS only: Correction where the row corrects an earlier one"),
        _of_charges("usage_quantity", "How much was used or priced", "pricing_unit"),
        _of_charges("pricing_unit", "Unit of usage_quantity, in the provider's words"),
        _of_charges("description", "The line's own text"),
        _of_charges("split_of", "AWS only: the resource whose cost this line is a share of"),
        _of_charges("split_cost", "AWS only: the share's cost, which the resource's own line carries", "USD"),
        _of_charges("original_cost", "Billed cost in the bill's own currency, if not USD", "original_currency"),
        _of_charges("original_currency", "That currency, as ISO 4217 code"),
    ),
)
"""What the mappings of bills put into properties."""


def _unscanned(type_: str, meaning: str, resource: str, id_prefix: str = "") -> ResourceKind:
    return ResourceKind(type_, meaning, f"arn:{{partition}}:{resource}", id_prefix)


UNSCANNED = (
    _unscanned("ebs:snapshot", "An EBS snapshot", "ec2:{region}:{account}:snapshot/{id}", "snap-"),
    _unscanned("ec2:image", "An Amazon machine image", "ec2:{region}:{account}:image/{id}", "ami-"),
    _unscanned("ec2:network-interface", "A network interface", "ec2:{region}:{account}:network-interface/{id}", "eni-"),
    _unscanned("ec2:subnet", "A subnet", "ec2:{region}:{account}:subnet/{id}", "subnet-"),
    _unscanned("ec2:transit-gateway", "A transit gateway", "ec2:{region}:{account}:transit-gateway/{id}", "tgw-"),
    _unscanned(
        "ec2:transit-gateway-attachment",
        "An attachment to a transit gateway",
        "ec2:{region}:{account}:transit-gateway-attachment/{id}",
        "tgw-attach-",
    ),
    _unscanned("ec2:vpc", "A VPC", "ec2:{region}:{account}:vpc/{id}", "vpc-"),
    _unscanned("ec2:vpc-endpoint", "A VPC endpoint", "ec2:{region}:{account}:vpc-endpoint/{id}", "vpce-"),
    _unscanned("ec2:vpn-connection", "A site-to-site VPN connection", "ec2:{region}:{account}:vpn-connection/{id}", "vpn-"),
    _unscanned("sns:topic", "An SNS topic", "sns:{region}:{account}:{id}"),
    _unscanned("sqs:queue", "An SQS queue", "sqs:{region}:{account}:{id}"),
    ResourceKind(
        "s3:bucket", "An S3 bucket", "arn:{partition}:s3:::{id}", billed_as=("AmazonS3", "Amazon Simple Storage Service")
    ),
)
"""Kinds that bills name and no collector finds. Once one does, its own description counts, and the one here can go."""

_BARE_ID = re.compile(r"(?P<prefix>[a-z]+(?:-[a-z]+)*-)[0-9a-f]{8,17}")
_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):[\w-]*:[\w-]*:(?P<resource>.+)", re.DOTALL)
_KIND = re.compile(r"(?P<kind>[A-Za-z][\w.-]*)[:/](?P<id>.+)", re.DOTALL)


class BilledResource(NamedTuple):
    """What a charge is for. arn is the provider's own id where no ARN can be told."""

    arn: str | None
    type: str
    id: str | None


@dataclass(frozen=True)
class _KnownKinds:
    """Every kind, by what a bill says of it: an id's prefix, an ARN's service and kind, the service that bills it."""

    by_prefix: Mapping[str, ResourceKind]
    by_arn: Mapping[tuple[str, str], str]
    by_billing_service: Mapping[str, ResourceKind]


@cache
def _known_kinds() -> _KnownKinds:
    kinds = ({kind.type: kind for kind in UNSCANNED} | resource_kinds()).values()
    return _KnownKinds(
        {kind.id_prefix: kind for kind in kinds if kind.id_prefix},
        {(kind.service, kind.arn_kind): kind.type for kind in kinds},
        {service: kind for kind in kinds for service in kind.billed_as},
    )


def resource_of(
    billed_id: str, account_id: str, region: str, service: str, otherwise: str, home_region: str = ""
) -> BilledResource:
    """The resource that a bill calls billed_id; empty where the charge names none.

    otherwise is the type of an id that tells nothing itself. region may be empty; the partition is then that of home_region,
    any region of the account.
    """
    if not billed_id:
        return BilledResource(None, NO_RESOURCE, None)
    known = _known_kinds()
    if match := _ARN.fullmatch(billed_id):
        return _of_arn(billed_id, match["service"], match["resource"])
    if (match := _BARE_ID.fullmatch(billed_id)) and match["prefix"] in known.by_prefix and region and account_id:
        kind = known.by_prefix[match["prefix"]]
        return BilledResource(kind.arn_of(billed_id, region, account_id), kind.type, billed_id)
    if service in known.by_billing_service:
        kind = known.by_billing_service[service]
        return BilledResource(kind.arn_of(billed_id, region or home_region, account_id), kind.type, billed_id)
    return BilledResource(billed_id, otherwise, billed_id.rstrip("/").rpartition("/")[2] or billed_id)


def _of_arn(billed_id: str, service: str, resource: str) -> BilledResource:
    """A resource part is kind/id, kind:id, or the id alone."""
    types, kind, short = _known_kinds().by_arn, "", resource
    # A bucket's name or an object's key may hold slashes and still name no kind.
    if (service, "") not in types and (match := _KIND.fullmatch(resource)):
        kind, short = match["kind"], match["id"]
    return BilledResource(billed_id, types.get((service, kind)) or f"{service}:{kind or 'resource'}", short)
