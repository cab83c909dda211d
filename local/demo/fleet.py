"""Builds the demo company's resources from a random source: who owns what, how large, with which tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from local.demo.places import GROWING, SPIKING_CUSTOMER, DemoPlace, a_place, ec2_arn, new_id
from local.demo.resources import REGIONS, Address, DemoResource, Instance, NatGateway, Other, Volume

# Instance types by what the machine is for, the common ones twice.
INSTANCE_TYPES = {
    "search": ("r6i.2xlarge", "r6i.2xlarge", "m6i.2xlarge", "r6g.4xlarge"),
    "ingest": ("c6i.2xlarge", "m6i.xlarge", "m6i.xlarge"),
    "training": ("g5.xlarge", "c6i.2xlarge"),
    "platform": ("t3.medium", "m6i.large", "m6i.large"),
}
INSTANCES_PER_ACCOUNT = (110, 240, 90)
# New machines come evenly over the bill's days, never many on one: 37 and 57 have no common divisor.
NEW_EVERY = 37
UNATTACHED_VOLUMES, IDLE_ADDRESSES, ADDRESSED_INSTANCES = 110, 38, 50
# Kinds that no collector scans, how many there are, and the range of their size in the unit they are billed by.
BILL_ONLY = {
    "s3:bucket": (180, 40.0, 9_000.0),
    "rds:db": (70, 40.0, 900.0),
    "lambda:function": (80, 2_000.0, 60_000.0),
    "logs:log-group": (80, 0.2, 6.0),
    "elasticloadbalancing:loadbalancer": (60, 1.0, 4.0),
    "ec2:snapshot": (100, 20.0, 400.0),
}


def build(random: Random, account_ids: list[str]) -> Iterator[DemoResource]:
    """Every resource of the company, those that others refer to first."""
    instances = [i for n, count in enumerate(INSTANCES_PER_ACCOUNT) for i in _instances(random, account_ids, n, count)]
    yield from instances
    for instance in instances:
        yield from _volumes_of(random, instance)
    for _ in range(UNATTACHED_VOLUMES):
        yield _volume(random, a_place(random, account_ids), None)
    yield from _gateways(random, account_ids)
    for instance in random.sample([i for i in instances if i.state == "running"], ADDRESSED_INSTANCES):
        place = a_place(random, account_ids, instance.account_id, instance.region)
        yield _address(random, place, instance.tags, instance.id, None)
    for _ in range(IDLE_ADDRESSES):
        place = a_place(random, account_ids)
        yield _address(random, place, place.tags(random, "spare address"), None, None)
    for kind, (count, low, high) in BILL_ONLY.items():
        for number in range(count):
            yield _other(random, a_place(random, account_ids), kind, number, round(low * (high / low) ** random.random(), 3))


def _instances(random: Random, account_ids: list[str], number: int, count: int) -> Iterator[Instance]:
    """Instances of one account. Staging grows all the time and never sleeps, which is what breaks its budget."""
    for index in range(count):
        place = a_place(random, account_ids, account_ids[number])
        instance_id = new_id(random, "i")
        name = f"{place.cluster}-{place.purpose}-{index:03d}"
        late = random.random() < (0.4 if number == 0 else 0.2 if place.customer in GROWING else 0.0)
        steady = number == 0 or random.random() < 0.6
        yield Instance(
            id=instance_id,
            arn=ec2_arn(place, "instance", instance_id),
            kind="ec2:instance",
            account_id=place.account_id,
            region=place.region,
            name=name,
            tags=place.tags(random, name),
            appeared=1 + index * NEW_EVERY % 57 if late else 0,
            instance_type=random.choice(INSTANCE_TYPES[place.purpose]),
            state="stopped" if random.random() < 0.1 else "running",
            rhythm="steady" if steady else "monthend" if number == 2 and index % 4 == 0 else "office",
            covered=steady and not late and number > 0 and random.random() < 0.5,
        )


def _volumes_of(random: Random, instance: Instance) -> Iterator[Volume]:
    """An instance's root volume, and for most a data volume; both carry the instance's tags."""
    place = DemoPlace(instance.account_id, instance.region, "", "", "", "", "")
    yield _volume(random, place, instance, size_gb=random.choice((20, 30, 50)), volume_type="gp3")
    if random.random() < 0.55:
        yield _volume(random, place, instance)


def _volume(
    random: Random, place: DemoPlace, instance: Instance | None, size_gb: int | None = None, volume_type: str | None = None
) -> Volume:
    volume_id = new_id(random, "vol")
    name = f"{instance.name}-data" if instance else f"restored-{volume_id[-6:]}"
    kind = volume_type or random.choices(("gp3", "gp2", "io1"), (62, 33, 5))[0]
    size = size_gb or random.choice((100, 200, 250, 500, 1000))
    return Volume(
        id=volume_id,
        arn=ec2_arn(place, "volume", volume_id),
        kind="ebs:volume",
        account_id=place.account_id,
        region=place.region,
        name=name,
        tags={**instance.tags, "Name": name} if instance else place.tags(random, name),
        appeared=instance.appeared if instance else random.choice((0, 0, random.randrange(1, 50))),
        volume_type=kind,
        size_gb=size,
        iops=3000 if kind == "gp3" else max(100, 3 * size) if kind == "gp2" else min(50 * size, 4000),
        throughput=125 if kind == "gp3" else None,
        instance_id=instance.id if instance else None,
    )


def _gateways(random: Random, account_ids: list[str]) -> Iterator[DemoResource]:
    """Two NAT gateways an account and region, each with its address; one belongs to the customer whose traffic spikes."""
    for account_id in account_ids:
        for region in REGIONS:
            for number in range(2):
                spikes = (account_id, region, number) == (account_ids[1], REGIONS[0], 0)
                yield from _gateway(random, a_place(random, account_ids, account_id, region), number, spikes)


def _gateway(random: Random, place: DemoPlace, number: int, spikes: bool) -> Iterator[DemoResource]:
    gateway_id, name = new_id(random, "nat"), f"{place.env}-{place.region}-{'ab'[number]}"
    tags: Mapping[str, str] = place.tags(random, name)
    if spikes:
        cluster = f"{SPIKING_CUSTOMER}-a"
        tags = {"Name": name, "customer": SPIKING_CUSTOMER, "cluster": cluster, "env": place.env, "purpose": "ingest"}
    address = _address(random, place, tags, None, gateway_id)
    yield address
    yield NatGateway(
        id=gateway_id,
        arn=ec2_arn(place, "natgateway", gateway_id),
        kind="vpc:nat_gateway",
        account_id=place.account_id,
        region=place.region,
        name=name,
        tags=tags,
        gb_per_day=2_000.0 if spikes else round(random.uniform(60, 500), 1),
        address_id=address.id,
        spikes=spikes,
    )


def _address(
    random: Random, place: DemoPlace, tags: Mapping[str, str], instance_id: str | None, nat_gateway_id: str | None
) -> Address:
    allocation_id = new_id(random, "eipalloc")
    return Address(
        id=allocation_id,
        arn=ec2_arn(place, "elastic-ip", allocation_id),
        kind="elastic_ip",
        account_id=place.account_id,
        region=place.region,
        name=tags.get("Name", ""),
        tags=tags,
        # 198.18.0.0/15 is reserved for benchmarks: nobody's address.
        public_ip=f"198.{random.choice((18, 19))}.{random.randrange(256)}.{random.randrange(1, 255)}",
        instance_id=instance_id,
        nat_gateway_id=nat_gateway_id,
    )


def _other(random: Random, place: DemoPlace, kind: str, number: int, size: float) -> Other:
    name = f"{place.cluster}-{place.purpose}-{kind.split(':')[1]}-{number:03d}"
    paths = {
        "s3:bucket": f"arn:aws:s3:::harbor-{name}",
        "rds:db": f"arn:aws:rds:{place.region}:{place.account_id}:db:{name}",
        "lambda:function": f"arn:aws:lambda:{place.region}:{place.account_id}:function:{name}",
        "logs:log-group": f"arn:aws:logs:{place.region}:{place.account_id}:log-group:/harbor/{name}",
        "elasticloadbalancing:loadbalancer": (
            f"arn:aws:elasticloadbalancing:{place.region}:{place.account_id}:loadbalancer/app/{name}/{random.randbytes(8).hex()}"
        ),
        "ec2:snapshot": ec2_arn(place, "snapshot", new_id(random, "snap")),
    }
    return Other(
        id=paths[kind].rsplit(":", 1)[-1].rsplit("/", 1)[-1],
        arn=paths[kind],
        kind=kind,
        account_id=place.account_id,
        region=place.region,
        name=name,
        tags=place.tags(random, name),
        size=size,
    )
