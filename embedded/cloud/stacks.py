"""CloudFormation's engine: what moto's does with a template, in AWS's order and with AWS's states.

moto creates resources in any order, compares templates instead of resolved properties, retries what
failed, reports success before custom resources answered, and parses JSON as YAML. Here dependencies
come first (DependsOn, Ref, GetAtt, Sub), what can be is changed in place, what is gone goes last and
in reverse; a failure is an event that names the resource and the reason, and is rolled back.
Resource types come from `embedded.cloud.resources` and, for the rest, from moto.
"""

import copy
import logging
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation import models as stack_models
from moto.cloudformation import parsing

from embedded.cloud.resources import make_resource
from embedded.cloud.templates import dependency_order, without_no_value

logger = logging.getLogger(__name__)


@dataclass
class DeployedStack:
    """One resource that exists: what made it, from which resolved properties, and whether to keep it."""

    type: str
    properties: dict[str, Any]
    resource: Any
    deletion_policy: str

    def stays(self, *, is_undone: bool) -> bool:
        """Whether it outlives the stack. is_undone: what goes is the operation that made it, which was rolled back."""
        return self.deletion_policy == "Retain" or (self.deletion_policy == "RetainExceptOnCreate" and not is_undone)


@dataclass
class Plan:
    """A template made ready: resources that its conditions let exist, in dependency order."""

    template: dict[str, Any]
    parameters: dict[str, str]
    order: list[str] = field(default_factory=list)


class ResourceError(Exception):
    """One resource could not be made, changed or removed."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason


class StackEngine:
    """Brings the resources of one stack to what a template says."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.deployed: dict[str, DeployedStack] = {}
        self.current: Plan | None = None
        self._undone: frozenset[str] = frozenset()

    @property
    def map(self) -> Any:
        """The map that moto keeps of the stack: logical id to resource, parameter value or pseudo parameter."""
        return self.stack.resource_map

    def run(self, verb: str, template: dict[str, Any], parameters: dict[str, str]) -> None:
        """Creates or updates (verb CREATE or UPDATE), rolling back on failure; ends in AWS's stack states."""
        stack, before = self.stack, set(self.deployed)
        try:
            self._apply(template, parameters)
        except Exception as error:
            self._undone = frozenset(self.deployed.keys() - before)
            logger.warning("%s of stack %s failed: %s", verb, stack.name, error)
            self._event(stack.name, f"{verb}_FAILED", str(error))
            self._roll_back(verb)
            self._undone = frozenset()
            return
        stack._add_stack_event(f"{verb}_COMPLETE")
        stack.status = f"{verb}_COMPLETE"

    def delete(self) -> None:
        """Deletes all resources in reverse order; DELETE_FAILED when one resists."""
        try:
            for logical_id in reversed(list(self.deployed)):
                self._remove(logical_id)
        except ResourceError as failure:
            self._event(failure.logical_id, "DELETE_FAILED", failure.reason)
            self.stack._add_stack_event("DELETE_FAILED", str(failure))
            self.stack.status = "DELETE_FAILED"
            return
        self.stack._add_stack_event("DELETE_COMPLETE")
        self.stack.status = "DELETE_COMPLETE"

    def _roll_back(self, verb: str) -> None:
        self.stack.status = "ROLLBACK_IN_PROGRESS" if verb == "CREATE" else "UPDATE_ROLLBACK_IN_PROGRESS"
        self.stack._add_stack_event(self.stack.status)
        if verb == "CREATE":
            left = [logical_id for logical_id in reversed(list(self.deployed)) if not self._try_to_remove(logical_id)]
            self.stack.status = "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE"
        else:
            try:
                if self.current:
                    self._apply(self.current.template, self.current.parameters)
                self.stack.status = "UPDATE_ROLLBACK_COMPLETE"
            except Exception as error:
                self._event(self.stack.name, "UPDATE_ROLLBACK_FAILED", str(error))
                self.stack.status = "UPDATE_ROLLBACK_FAILED"
        self.stack._add_stack_event(self.stack.status)

    def _apply(self, template: dict[str, Any], parameters: dict[str, str]) -> None:
        plan = self._adopt(template, parameters)
        for logical_id in plan.order:
            self._bring(logical_id, template["Resources"][logical_id])
        for logical_id in reversed(list(self.deployed)):
            if logical_id not in plan.order:
                self._remove(logical_id)
        self.stack.template_dict = template
        self.stack.output_map = self.stack._create_output_map()
        self.stack.parameters = parameters
        self._publish_exports()
        self.current = plan

    def _adopt(self, template: dict[str, Any], parameters: dict[str, str]) -> Plan:
        self.map._template = template
        self.map._resource_json_map = template["Resources"]
        self.map.input_parameters = parameters
        self.map.resolved_parameters = {}
        self.map.cross_stack_resources = self._backend.exports
        self.map.load()
        exists = {
            logical_id: resource
            for logical_id, resource in template["Resources"].items()
            if not resource.get("Condition") or self.map.lazy_condition_map[resource["Condition"]]
        }
        return Plan(template, parameters, dependency_order(exists))

    def _bring(self, logical_id: str, declared: dict[str, Any]) -> None:
        kind = declared["Type"]
        existing = self.deployed.get(logical_id)
        verb, properties = "UPDATE" if existing else "CREATE", {}
        try:
            properties = self._resolved(declared.get("Properties", {}))
            if existing and existing.type == kind and existing.properties == properties:
                existing.deletion_policy = declared.get("DeletionPolicy", "Delete")
                return
            self._event(logical_id, f"{verb}_IN_PROGRESS", None, kind)
            previous = existing.resource if existing and existing.type == kind else None
            resource = make_resource(self.stack, logical_id, kind, copy.deepcopy(properties), previous)
        except Exception as error:
            reason = str(getattr(error, "message", "") or error or type(error).__name__)
            self._event(logical_id, f"{verb}_FAILED", reason, kind)
            if existing and existing.type == kind and kind.startswith("Custom::"):
                # Its function was told these properties; the rollback tells it the old ones, and these as what was.
                existing.properties = existing.resource.properties = properties
            raise ResourceError(logical_id, f"{kind}: {reason}") from error
        resource.cf_resource_type = kind
        resource.logical_resource_id = logical_id
        self.map._parsed_resources[logical_id] = resource
        self.deployed[logical_id] = DeployedStack(kind, properties, resource, declared.get("DeletionPolicy", "Delete"))
        self._event(logical_id, f"{verb}_COMPLETE", None, kind, resource.physical_resource_id)

    def _resolved(self, declared: dict[str, Any]) -> dict[str, Any]:
        resolved = parsing.clean_json(copy.deepcopy(declared), self.map)
        return without_no_value(resolved)  # type: ignore[no-any-return]

    def _try_to_remove(self, logical_id: str) -> bool:
        """Removes a resource where it can be; what resists stays, and is told."""
        try:
            self._remove(logical_id)
        except ResourceError as failure:
            self._event(logical_id, "DELETE_FAILED", failure.reason)
            return False
        return True

    def _remove(self, logical_id: str) -> None:
        entry = self.deployed[logical_id]
        if not entry.stays(is_undone=logical_id in self._undone):
            self._event(logical_id, "DELETE_IN_PROGRESS", None, entry.type)
            try:
                entry.resource.remove()
            except Exception as error:
                raise ResourceError(logical_id, f"{entry.type}: {error}") from error
            self._event(logical_id, "DELETE_COMPLETE", None, entry.type)
        del self.deployed[logical_id]
        self.map._parsed_resources.pop(logical_id, None)

    @property
    def _backend(self) -> Any:
        return stack_models.cloudformation_backends[self.stack.account_id][self.stack.region_name]

    def _publish_exports(self) -> None:
        exports = self._backend.exports
        for name in [name for name, export in exports.items() if export.exporting_stack_id == self.stack.stack_id]:
            del exports[name]
        exports.update({export.name: export for export in self.stack.exports})

    def _event(
        self,
        logical_id: str,
        status: str,
        reason: str | None,
        kind: str = "",
        physical_id: str = "",
    ) -> None:
        self.stack.events.append(
            stack_models.Event(
                stack_id=self.stack.stack_id,
                stack_name=self.stack.name,
                logical_resource_id=logical_id,
                physical_resource_id=physical_id,
                resource_type=kind or "AWS::CloudFormation::Stack",
                resource_status=status,
                resource_status_reason=reason,
                resource_properties=None,
            )
        )
