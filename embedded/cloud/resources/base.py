"""What a CloudFormation resource type is here: functions over the service's own API, and the object that results.

A type that can't be found among these is made by moto's own model; one that neither knows is a clear failure.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from embedded.cloud.identity import administrator_key

Properties = dict[str, Any]
_endpoint: list[str] = []
_clients: dict[tuple[str, str, str], Any] = {}


def use_endpoint(url: str) -> None:
    """Says where this process's own AWS API listens."""
    _endpoint[:] = [url]


def api(service: str, account: str, region: str) -> Any:
    """A client of this process's own AWS API, as the account's administrator."""
    key = (service, account, region)
    if key not in _clients:
        _clients[key] = boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=_endpoint[0],
            aws_access_key_id=administrator_key(account),
            aws_secret_access_key="local-administrator",  # noqa: S106
            config=Config(
                retries={"total_max_attempts": 1},
                read_timeout=900,
                request_checksum_calculation="when_required",
                s3={"addressing_style": "path"},
            ),
        )
    return _clients[key]


@dataclass(frozen=True)
class Made:
    """What a create or update yields: the physical id that Ref reads and the attributes that GetAtt reads."""

    ref: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Where a resource is made: its stack, and the names and clients that belong there."""

    stack: Any
    logical_id: str
    account: str
    region: str

    def client(self, service: str) -> Any:
        """The stack account's client of a service."""
        return api(service, self.account, self.region)

    def name(self, limit: int = 64, *, lower: bool = False) -> str:
        """A generated physical name, as CloudFormation makes them: stack, logical id, suffix."""
        suffix = hashlib.sha256(f"{self.stack.stack_id}{uuid.uuid4()}".encode()).hexdigest()[:12]
        head = f"{self.stack.name}-{self.logical_id}"[: limit - len(suffix) - 1].rstrip("-")
        name = f"{head}-{suffix if lower else suffix.upper()}"
        return name.lower() if lower else name

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the stack's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


@dataclass(frozen=True)
class ResourceType:
    """One CloudFormation type. `update` None, or a change of a `replaced_by` property: a new resource replaces the old."""

    create: Callable[[Scope, Properties], Made]
    delete: Callable[[Scope, str, Properties], Any] | None = None
    update: Callable[[Scope, str, Properties, Properties], Made] | None = None
    replaced_by: tuple[str, ...] = ()


class StackResource:
    """A resource of a stack, made from a ResourceType."""

    def __init__(self, scope: Scope, kind: ResourceType, made: Made, properties: Properties) -> None:
        self.scope, self.kind, self.made, self.properties = scope, kind, made, properties

    @property
    def physical_resource_id(self) -> str:
        """What Ref reads."""
        return self.made.ref

    def get_cfn_attribute(self, name: str) -> Any:
        """What GetAtt reads. Raises KeyError with the attributes that there are."""
        if name not in self.made.attributes:
            raise KeyError(f"{self.scope.logical_id} has no attribute {name}; it has {sorted(self.made.attributes)}")
        return self.made.attributes[name]

    def is_created(self) -> bool:
        """Always: a resource that is not there yet has no object."""
        return True

    def changed(self, properties: Properties) -> "StackResource":
        """The resource with other properties: updated in place, or replaced where AWS replaces."""
        kind = self.kind
        replaced = any(self.properties.get(key) != properties.get(key) for key in kind.replaced_by)
        if kind.update and not replaced:
            return StackResource(
                self.scope,
                kind,
                kind.update(self.scope, self.made.ref, properties, self.properties),
                properties,
            )
        new = StackResource(self.scope, kind, kind.create(self.scope, properties), properties)
        if new.made.ref != self.made.ref:
            self.remove()
        return new

    def remove(self) -> None:
        """Deletes what is behind it."""
        if self.kind.delete:
            self.kind.delete(self.scope, self.made.ref, self.properties)


def pick(properties: Properties, *names: str) -> Properties:
    """The named properties that are there."""
    return {name: properties[name] for name in names if name in properties}


def without(properties: Properties, *names: str) -> Properties:
    """All properties but the named ones."""
    return {name: value for name, value in properties.items() if name not in names}


def tags_as_dict(properties: Properties) -> dict[str, str]:
    """CloudFormation's list of Key and Value as a dictionary."""
    tags = properties.get("Tags", [])
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
