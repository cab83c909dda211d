"""What the demo company owns. Ids and ARNs are the same in the bill and in the accounts' inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REGIONS = ("us-east-1", "eu-west-1", "us-west-2")


@dataclass(frozen=True, kw_only=True)
class DemoResource:
    """Any resource; appeared is the day of the bill (0, 1, ...) on which it began to cost."""

    id: str
    arn: str
    kind: str
    account_id: str
    region: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    appeared: int = 0

    @property
    def billed_as(self) -> str:
        """The resource id on the bill: bare for instances, volumes and buckets, otherwise the ARN."""
        return self.id if self.kind in ("ec2:instance", "ebs:volume", "s3:bucket") else self.arn


@dataclass(frozen=True, kw_only=True)
class Instance(DemoResource):
    """An EC2 instance. rhythm says when it runs; covered by the savings plan or not."""

    instance_type: str
    state: str
    rhythm: str
    covered: bool


@dataclass(frozen=True, kw_only=True)
class Volume(DemoResource):
    """An EBS volume; instance_id None where it is attached to nothing. throughput in MiB/s."""

    volume_type: str
    size_gb: int
    iops: int
    throughput: int | None
    instance_id: str | None


@dataclass(frozen=True, kw_only=True)
class NatGateway(DemoResource):
    """A NAT gateway; gb_per_day is what it usually processes, spikes whether it is the one that goes wrong."""

    gb_per_day: float
    address_id: str
    spikes: bool = False


@dataclass(frozen=True, kw_only=True)
class Address(DemoResource):
    """An Elastic IP address: in use by an instance or a NAT gateway, or idle."""

    public_ip: str
    instance_id: str | None = None
    nat_gateway_id: str | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing uses it."""
        return self.instance_id is None and self.nat_gateway_id is None


@dataclass(frozen=True, kw_only=True)
class Other(DemoResource):
    """A resource that only the bill knows of: size is in the unit that its kind is billed by."""

    size: float
