"""Puts the demo company's resources into the embedded cloud's accounts, under the ids that the bill names.

Runs in the process that serves the cloud, straight on moto's backends: thousands of API calls would take minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest.mock import patch

from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends, elastic_block_store, elastic_ip_addresses, instances, nat_gateways
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.instances import InstanceState

from local.demo.company import Company, build_company
from local.demo.resources import Address, Instance, NatGateway, Volume

STOPPED = (80, "stopped")
IMAGE = "ami-0d0e0f00000000001"
BYTES_PER_GB = 10**9


def seed(company: Company | None = None) -> int:
    """Create the company's instances, volumes, addresses and NAT gateways; returns how many."""
    company = company or build_company()
    seeders = {place: _RegionSeeder(company, *place) for place in {(r.account_id, r.region) for r in company.resources}}
    for instance in company.instances:
        seeders[instance.account_id, instance.region].add_instance(instance)
    for volume in company.volumes:
        seeders[volume.account_id, volume.region].add_volume(volume)
    for address in company.addresses:
        seeders[address.account_id, address.region].add_address(address)
    for gateway in company.nat_gateways:
        seeders[gateway.account_id, gateway.region].add_nat_gateway(gateway)
    kinds = (company.instances, company.volumes, company.addresses, company.nat_gateways)
    return sum(len(kind) for kind in kinds)


class _RegionSeeder:
    """Fills one account's region."""

    def __init__(self, company: Company, account_id: str, region: str) -> None:
        self._company, self._region = company, region
        self._ec2 = ec2_backends[account_id][region]
        self._cloudwatch = cloudwatch_backends[account_id][region]
        self._subnets = list(self._ec2.get_default_subnets().values())
        self._instances: dict[str, Any] = {}
        self._devices: defaultdict[str, int] = defaultdict(int)

    def add_instance(self, instance: Instance) -> None:
        """An instance without volumes: those follow under their own ids."""
        with _next_id(instances, "random_instance_id", instance.id):
            reservation = self._ec2.run_instances(
                IMAGE,
                1,
                None,
                [],
                instance_type=instance.instance_type,
                is_instance_type_default=False,
                region_name=self._region,
                subnet_id=self._subnets[0].id,
                block_device_mappings=[],
                tags={"instance": dict(instance.tags)},
            )
        created = self._instances[instance.id] = reservation.instances[0]
        created.launch_time = self._moment(instance.appeared)
        if instance.state == "stopped":
            created._state = InstanceState(STOPPED[1], STOPPED[0])

    def add_volume(self, volume: Volume) -> None:
        """A volume, attached where the company says so."""
        with _next_id(elastic_block_store, "random_volume_id", volume.id):
            created = self._ec2.create_volume(
                volume.size_gb,
                self._subnets[0].availability_zone,
                volume_type=volume.volume_type,
                iops=None if volume.volume_type == "gp2" else volume.iops,
                throughput=volume.throughput,
            )
        # EC2 takes no iops for gp2, and reports the baseline all the same.
        created.iops = volume.iops
        created.create_time = self._moment(volume.appeared)
        created.add_tags(dict(volume.tags))
        if volume.instance_id:
            self._attach(created, self._instances[volume.instance_id])

    def add_address(self, address: Address) -> None:
        """An Elastic IP address, in use by its instance; a NAT gateway takes its own later."""
        with _next_id(elastic_ip_addresses, "random_eip_allocation_id", address.id):
            self._ec2.allocate_address("vpc", address.public_ip, dict(address.tags))
        if address.instance_id:
            self._ec2.associate_address(instance=self._instances[address.instance_id], allocation_id=address.id)

    def add_nat_gateway(self, gateway: NatGateway) -> None:
        """A NAT gateway with its address, and the traffic of yesterday and today as CloudWatch tells it."""
        with _next_id(nat_gateways, "random_nat_gateway_id", gateway.id):
            created = self._ec2.create_nat_gateway(self._subnets[0].id, gateway.address_id, dict(gateway.tags))
        created._created_at = self._moment(0)
        self._cloudwatch.put_metric_data("AWS/NATGateway", list(_traffic(gateway)))

    def _attach(self, volume: Any, instance: Any) -> None:
        number = self._devices[instance.id]
        self._devices[instance.id] += 1
        device = instance.root_device_name if number == 0 else f"/dev/sd{chr(ord('e') + number)}"
        self._ec2.attach_volume(volume.id, instance.id, device, delete_on_termination=number == 0)
        attachment: VolumeAttachment = volume.attachment
        attachment.attach_time = volume.create_time

    def _moment(self, appeared: int) -> datetime:
        """Midday of the bill's day on which something appeared; what was there before it is 90 days older."""
        before = timedelta(days=appeared if appeared else -90)
        return datetime.combine(self._company.first_day + before, time(12))


@contextmanager
def _next_id(module: Any, function: str, value: str) -> Iterator[None]:
    """Have moto give the next resource of a kind the id that the bill calls it by."""
    with patch.object(module, function, lambda *_args, **_kwargs: value):
        yield


def _traffic(gateway: NatGateway) -> Iterator[dict[str, Any]]:
    hourly = gateway.gb_per_day / 24 * BYTES_PER_GB * (6 if gateway.spikes else 1)
    values = {
        "BytesOutToDestination": hourly * 0.3,
        "BytesInFromDestination": hourly * 0.7,
        "ActiveConnectionCount": hourly / 4e7,
    }
    # moto compares with the request's times, which it reads without a zone.
    now = datetime.now(UTC).replace(tzinfo=None)
    yesterday = datetime.combine(now.date() - timedelta(days=1), time(minute=30))
    for hours in range(24 + now.hour):
        for name, value in values.items():
            yield {
                "MetricName": name,
                "Dimensions": [{"Name": "NatGatewayId", "Value": gateway.id}],
                "Timestamp": yesterday + timedelta(hours=hours),
                "Value": round(value),
            }
