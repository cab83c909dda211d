"""CloudFormation resource types: those made here, and moto's own for the rest."""

from typing import Any

from embedded.cloud.resources import (
    access,
    base,
    billing,
    compute,
    custom,
    data,
    messaging,
    monitoring,
    storage,
)
from embedded.cloud.resources.base import Made, ResourceType, Scope, StackResource
from embedded.cloud.resources.fallback import MotoResource

__all__ = ["TYPES", "base", "custom", "make_resource"]

TYPES: dict[str, ResourceType] = {
    **access.TYPES,
    **billing.TYPES,
    **compute.TYPES,
    **data.TYPES,
    **messaging.TYPES,
    **monitoring.TYPES,
    **storage.TYPES,
    "AWS::CDK::Metadata": ResourceType(lambda scope, properties: Made(scope.name())),
    "AWS::CloudFormation::WaitConditionHandle": ResourceType(lambda scope, properties: Made(scope.name())),
}


def make_resource(stack: Any, logical_id: str, kind: str, properties: dict[str, Any], previous: Any) -> Any:
    """Creates a resource, or changes `previous` (the resource of that logical id and type) to the new properties."""
    if previous is not None:
        return previous.changed(properties)
    scope = Scope(stack, logical_id, stack.account_id, stack.region_name)
    own = TYPES.get(kind)
    if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
        own = custom.custom_type(kind)
    if own is None:
        return MotoResource.create(scope, kind, properties)
    return StackResource(scope, own, own.create(scope, properties), properties)
