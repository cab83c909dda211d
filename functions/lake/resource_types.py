"""What a kind of resource is, as data: type, ARN and ids, properties with meaning and unit, edges to other kinds.

A collector describes its kinds once, in its own module. The scan, the mapping of bills, the data dictionary and the tests of
every collector read them from there (collectors.scanning.discovery finds them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

RELATIONSHIPS: Mapping[str, bool] = {
    "attached_to": True,
    "snapshot_of": True,
    "associated_with": True,
    "eni_of": True,
    "backed_by": True,
    "log_group_for": True,
    "nat_for": False,
    "in_subnet": False,
    "in_vpc": False,
    "routes_via": False,
    "secured_by": False,
}
"""Every kind of edge: whether its target is the cost parent, to which the source's cost rolls up."""

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""Region name prefixes outside the standard partition. No prefix begins another."""


@dataclass(frozen=True)
class Property:
    """One key of the properties of an event.

    unit is None for text; source is the API's field where the value is taken as it stands. event_type says which events
    carry it.
    """

    name: str
    meaning: str
    unit: str | None = None
    source: str | None = None
    event_type: str = "config"


@dataclass(frozen=True)
class Edge:
    """A relationship to the resources whose ids the property `through` holds, separated by commas.

    out: from the described resource to the target; in: from the target to the described resource.
    """

    relationship: str
    target: str
    through: str
    direction: Literal["out", "in"] = "out"

    @property
    def is_cost_parent(self) -> bool:
        """Whether the cost of the edge's source rolls up to its end."""
        return RELATIONSHIPS[self.relationship]


@dataclass(frozen=True)
class ResourceKind:
    """One kind of resource.

    arn has the places {partition}, {region}, {account} and, last, {id}. id_prefix is what its ids begin with where bills
    name it by the bare id; billed_as are the services whose bare ids, without a prefix, name this kind. values say what
    the value of its events is, for each type of event that it has.
    """

    type: str
    meaning: str
    arn: str
    id_prefix: str = ""
    billed_as: tuple[str, ...] = ()
    values: tuple[Property, ...] = ()
    properties: tuple[Property, ...] = ()
    edges: tuple[Edge, ...] = ()

    def arn_of(self, resource_id: str, region: str, account_id: str) -> str:
        """The ARN of a resource, in the partition of the region."""
        return _before_id(self.arn, region, account_id) + resource_id

    @cached_property
    def service(self) -> str:
        """What its ARN calls its service, such as ec2."""
        return self.arn.split(":")[2]

    @cached_property
    def arn_kind(self) -> str:
        """What stands before the id in its ARN, such as volume; empty where nothing does."""
        return self.arn.split(":", 5)[5].removesuffix("{id}").rstrip("/:")

    def property_names(self, event_type: str) -> frozenset[str]:
        """The properties that its events of a type may have."""
        return frozenset(found.name for found in self.properties if found.event_type == event_type)


@cache
def partition_of(region: str) -> str:
    """The AWS partition that a region belongs to, such as aws-cn for cn-north-1."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


@cache
def _before_id(arn: str, region: str, account_id: str) -> str:
    places = {"{partition}": partition_of(region), "{region}": region, "{account}": account_id, "{id}": ""}
    for place, value in places.items():
        arn = arn.replace(place, value)
    return arn
