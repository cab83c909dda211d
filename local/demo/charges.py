"""What each resource is charged for, a day: the lines of the bill before the calendar moves them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from local.demo import prices
from local.demo.resources import Address, DemoResource, Instance, NatGateway, Other, Volume

HOURS = 24.0
DAYS_A_MONTH = 30.4


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One line item of every day: quantity x rate, moved by rhythm.

    rhythm: steady, office (less at weekends), monthend (more in the last three days), traffic (weekly, growing, noisy),
    growth (grows), spike (traffic that breaks out three days before the end).
    """

    resource: DemoResource
    product: str
    usage_type: str
    operation: str
    description: str
    unit: str
    quantity: float
    rate: float
    rhythm: str = "steady"
    covered: bool = False


def charges_of(resource: DemoResource) -> Iterator[Charge]:
    """The resource's lines: none for a stopped instance, two or more where AWS splits them."""
    if isinstance(resource, Instance):
        yield from _instance(resource)
    elif isinstance(resource, Volume):
        yield from _volume(resource)
    elif isinstance(resource, NatGateway):
        yield from _gateway(resource)
    elif isinstance(resource, Address):
        state = "IdleAddress" if resource.idle else "InUseAddress"
        yield _charge(resource, "AmazonVPC", f"PublicIPv4:{state}", "AllocateAddressVPC", "Hrs", HOURS, prices.ADDRESS_HOUR)
    elif isinstance(resource, Other):
        yield from _other(resource)


def _instance(instance: Instance) -> Iterator[Charge]:
    if instance.state != "running":
        return
    rate, kind = prices.INSTANCE_HOUR[instance.instance_type], instance.instance_type
    yield _charge(
        instance, "AmazonEC2", f"BoxUsage:{kind}", "RunInstances", "Hrs", HOURS, rate, instance.rhythm, instance.covered
    )
    if int(instance.id[-2:], 16) < 24:
        gb = 5.0 + int(instance.id[-4:-2], 16) / 4
        out = "DataTransfer-Out-Bytes"
        yield _charge(instance, "AmazonEC2", out, "RunInstances", "GB", gb, prices.TRANSFER_OUT_GB, "traffic")


def _volume(volume: Volume) -> Iterator[Charge]:
    name = {"gp3": "gp3", "gp2": "gp2", "io1": "piops"}[volume.volume_type]
    gb_months = volume.size_gb / DAYS_A_MONTH
    rate = prices.VOLUME_GB_MONTH[volume.volume_type]
    yield _charge(volume, "AmazonEC2", f"EBS:VolumeUsage.{name}", f"CreateVolume-{name}", "GB-Mo", gb_months, rate)
    if volume.volume_type == "io1":
        usage, months = "EBS:VolumeP-IOPS.piops", volume.iops / DAYS_A_MONTH
        yield _charge(volume, "AmazonEC2", usage, "CreateVolume-P-IOPS", "IOPS-Mo", months, prices.IO1_IOPS_MONTH)


def _gateway(gateway: NatGateway) -> Iterator[Charge]:
    yield _charge(gateway, "AmazonEC2", "NatGateway-Hours", "NatGateway", "Hrs", HOURS, prices.NAT_HOUR)
    rhythm = "spike" if gateway.spikes else "traffic"
    yield _charge(gateway, "AmazonEC2", "NatGateway-Bytes", "NatGateway", "GB", gateway.gb_per_day, prices.NAT_GB, rhythm)


def _other(other: Other) -> Iterator[Charge]:
    month = other.size / DAYS_A_MONTH
    if other.kind == "s3:bucket":
        yield _charge(other, "AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", month, 0.023, "growth")
        if other.size > 4_000:
            yield _charge(other, "AmazonS3", "Requests-Tier2", "GetObject", "Requests", other.size * 900, 4e-7, "traffic")
    elif other.kind == "rds:db":
        rate = 0.29 if other.size > 300 else 0.145
        yield _charge(other, "AmazonRDS", "InstanceUsage:db.r6g", "CreateDBInstance:0014", "Hrs", HOURS, rate)
        if other.size > 300:
            yield _charge(other, "AmazonRDS", "RDS:GP3-Storage", "CreateDBInstance:0014", "GB-Mo", month, 0.115, "growth")
    elif other.kind == "lambda:function":
        yield _charge(other, "AWSLambda", "Lambda-GB-Second", "Invoke", "Lambda-GB-Second", other.size, 1.67e-5, "office")
    elif other.kind == "logs:log-group":
        yield _charge(other, "AmazonCloudWatch", "DataProcessing-Bytes", "PutLogEvents", "GB", other.size, 0.50, "traffic")
    elif other.kind == "elasticloadbalancing:loadbalancer":
        yield _charge(other, "AWSELB", "LoadBalancerUsage", "LoadBalancing:Application", "Hrs", HOURS, 0.0225)
    else:
        yield _charge(other, "AmazonEC2", "EBS:SnapshotUsage", "CreateSnapshot", "GB-Mo", month, 0.05)


def _charge(
    resource: DemoResource,
    product: str,
    usage_type: str,
    operation: str,
    unit: str,
    quantity: float,
    price: float,
    rhythm: str = "steady",
    covered: bool = False,
) -> Charge:
    rate = round(price * prices.REGION_FACTOR[resource.region], 10)
    return Charge(
        resource=resource,
        product=product,
        usage_type=prices.REGION_PREFIX[resource.region] + usage_type,
        operation=operation,
        description=f"${rate:.10f}".rstrip("0") + f" per {unit} in {resource.region}",
        unit=unit,
        quantity=quantity,
        rate=rate,
        rhythm=rhythm,
        covered=covered,
    )
