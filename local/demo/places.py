"""Where the demo company's resources live, whose they are, and how they are tagged."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from local.demo.resources import REGIONS

UNTAGGED_SHARE = 0.15
SPIKING_CUSTOMER = "aperture"
# Customers and the weight of their spend; only the growing ones gain machines.
CUSTOMERS = {
    "northwind": 26,
    "tidewater": 19,
    "meridian": 15,
    SPIKING_CUSTOMER: 12,
    "larkspur": 10,
    "cobalt": 8,
    "juniper": 6,
    "halcyon": 4,
}
GROWING = ("northwind", "tidewater")
ENVS = ("staging", "prod", "prod")


@dataclass(frozen=True)
class DemoPlace:
    """Where a resource lives and whose it is."""

    account_id: str
    region: str
    env: str
    customer: str
    cluster: str
    index: str
    purpose: str

    def tags(self, random: Random, name: str) -> dict[str, str]:
        """Its tags: all of them, a legacy key here and there, or nothing but a name."""
        if random.random() < UNTAGGED_SHARE:
            return {"Name": name}
        customer_key = "client" if random.random() < 0.08 else "customer"
        tags = {"Name": name, customer_key: self.customer, "cluster": self.cluster, "env": self.env, "purpose": self.purpose}
        return tags | ({"index": self.index} if self.purpose in ("search", "ingest") else {})


def a_place(random: Random, account_ids: list[str], account_id: str | None = None, region: str | None = None) -> DemoPlace:
    """A random place, most of them in production and in the first region; account and region may be given."""
    account_id = account_id or random.choices(account_ids, (20, 55, 25))[0]
    customer = random.choices(list(CUSTOMERS), list(CUSTOMERS.values()))[0]
    cluster = f"{customer}-{random.choice('ab')}"
    purposes = (("platform", "search"), ("search", "search", "ingest"), ("ingest", "training"))
    number = account_ids.index(account_id)
    return DemoPlace(
        account_id,
        region or random.choices(REGIONS, (55, 28, 17))[0],
        ENVS[number],
        customer,
        cluster,
        f"{cluster}-{random.choice(('products', 'images', 'docs'))}",
        random.choice(purposes[number]),
    )


def new_id(random: Random, prefix: str) -> str:
    """An id as EC2 makes them: the prefix and 17 hexadecimal digits."""
    return f"{prefix}-0{random.getrandbits(64):016x}"


def ec2_arn(place: DemoPlace, kind: str, resource_id: str) -> str:
    """The ARN of an EC2 resource such as a volume."""
    return f"arn:aws:ec2:{place.region}:{place.account_id}:{kind}/{resource_id}"
