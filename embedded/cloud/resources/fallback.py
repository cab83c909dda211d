"""Resource types that moto's own CloudFormation models make well enough (SSM parameters, ECR repositories, ...)."""

from typing import Any

from moto.cloudformation import parsing

from embedded.cloud.resources.base import Properties, Scope


class UnsupportedTypeError(Exception):
    """Neither this package nor moto knows a resource type."""


class MotoResource:
    """A resource that moto made, behind the interface of `Resource`."""

    def __init__(self, scope: Scope, kind: str, model: Any, properties: Properties) -> None:
        self.scope, self.kind, self.model, self.properties = scope, kind, model, properties

    @classmethod
    def create(cls, scope: Scope, kind: str, properties: Properties) -> "MotoResource":
        """Makes it. Raises UnsupportedTypeError for a type that moto lacks too."""
        model = parsing.get_model_map().get(kind)
        if model is None:
            raise UnsupportedTypeError(f"{kind} can't be made by the embedded cloud; add it to embedded/cloud/resources.")
        given = properties.get(model.cloudformation_name_type() or "")
        name = given or parsing.generate_resource_name(kind, scope.stack.name, scope.logical_id)
        made = model.create_from_cloudformation_json(
            name,
            {"Type": kind, "Properties": properties},
            scope.account,
            scope.region,
            LogicalId=scope.logical_id,
            StackId=scope.stack.stack_id,
            ResourceType=kind,
        )
        return cls(scope, kind, made, properties)

    @property
    def physical_resource_id(self) -> str:
        """What Ref reads."""
        return str(self.model.physical_resource_id)

    def get_cfn_attribute(self, name: str) -> Any:
        """What GetAtt reads."""
        return self.model.get_cfn_attribute(name)

    def is_created(self) -> bool:
        """Always: it has been created when this object exists."""
        return True

    def changed(self, properties: Properties) -> "MotoResource":
        """Updated by moto's model where it can, replaced otherwise."""
        update = type(self.model).update_from_cloudformation_json
        if hasattr(update, "__isabstractmethod__"):
            self.remove()
            return MotoResource.create(self.scope, self.kind, properties)
        model = update(
            original_resource=self.model,
            new_resource_name=self.physical_resource_id,
            cloudformation_json={"Type": self.kind, "Properties": properties},
            account_id=self.scope.account,
            region_name=self.scope.region,
        )
        return MotoResource(self.scope, self.kind, model, properties)

    def remove(self) -> None:
        """Deletes it, by whichever of moto's two ways this type has."""
        delete = type(self.model).delete_from_cloudformation_json
        if not hasattr(delete, "__isabstractmethod__"):
            delete(
                self.physical_resource_id,
                {"Type": self.kind, "Properties": self.properties},
                self.scope.account,
                self.scope.region,
            )
        elif hasattr(self.model, "delete"):
            self.model.delete(self.scope.account, self.scope.region)
