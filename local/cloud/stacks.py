"""CloudFormation's engine: what moto's does with a template, in the order and with the states that AWS's has.

moto creates resources in any order, compares templates instead of resolved properties, retries what failed, reports
success before custom resources answered, and parses JSON as YAML. Here a stack operation runs on a thread of its own:
dependencies first (DependsOn, Ref, GetAtt, Sub), in place where the type can, what is gone last and in reverse; a
failure is an event that names the resource and the reason, and is rolled back. Resource types come from
`local.cloud.resources` and, for the rest, from moto.
"""

import copy
import json
import logging
import re
import threading
from dataclasses import dataclass, field
from typing import Any

import yaml
from moto.cloudformation import models as stack_models
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError

from local.cloud.resources import make_resource

logger = logging.getLogger(__name__)
_SUB_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")
_KEPT = ("Retain", "RetainExceptOnCreate")


@dataclass
class Deployed:
    """One resource that exists: what made it, from which resolved properties, and whether to keep it."""

    type: str
    properties: dict[str, Any]
    resource: Any
    deletion_policy: str


@dataclass
class Plan:
    """A template made ready: resources that its conditions let exist, in dependency order."""

    template: dict[str, Any]
    parameters: dict[str, str]
    order: list[str] = field(default_factory=list)


class ResourceFailure(Exception):
    """One resource could not be made, changed or removed."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason


def references(value: Any) -> set[str]:
    """The logical ids (and parameters) that a part of a template refers to."""
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key == "Ref":
            found.add(item)
        elif key == "Fn::GetAtt":
            found.add(item.split(".")[0] if isinstance(item, str) else item[0])
        elif key == "Fn::Sub":
            text = item if isinstance(item, str) else item[0]
            found |= {name.split(".")[0] for name in _SUB_REFERENCE.findall(text)}
            found |= references(item) if isinstance(item, list) else set()
        else:
            found |= references(item)
    return found


def dependency_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids with everything that each needs before it. Raises ValidationError for a circle."""
    order: list[str] = []
    visiting: list[str] = []

    def visit(logical_id: str) -> None:
        if logical_id in order:
            return
        if logical_id in visiting:
            raise ValidationError(
                message=f"Circular dependency between resources: {[*visiting, logical_id]}"
            )
        visiting.append(logical_id)
        resource = resources[logical_id]
        depends = resource.get("DependsOn", [])
        needed = set([depends] if isinstance(depends, str) else depends) | references(
            resource.get("Properties")
        )
        for name in sorted(needed & resources.keys()):
            visit(name)
        visiting.pop()
        order.append(logical_id)

    for logical_id in resources:
        visit(logical_id)
    return order


class StackEngine:
    """Brings the resources of one stack to what a template says."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.deployed: dict[str, Deployed] = {}
        self.current: Plan | None = None

    @property
    def map(self) -> Any:
        """moto's map of the stack: logical id to resource, parameter value or pseudo parameter."""
        return self.stack.resource_map

    def run(self, verb: str, template: dict[str, Any], parameters: dict[str, str]) -> None:
        """Creates or updates (verb CREATE or UPDATE), rolling back on failure; ends in AWS's stack states."""
        stack = self.stack
        try:
            self._apply(template, parameters)
        except Exception as error:
            logger.warning("%s of stack %s failed: %s", verb, stack.name, error)
            self._event(stack.name, f"{verb}_FAILED", str(error))
            self._roll_back(verb)
            return
        stack._add_stack_event(f"{verb}_COMPLETE")
        stack.status = f"{verb}_COMPLETE"

    def delete(self) -> None:
        """Deletes all resources in reverse order; DELETE_FAILED when one resists."""
        try:
            for logical_id in reversed(list(self.deployed)):
                self._remove(logical_id)
        except ResourceFailure as failure:
            self._event(failure.logical_id, "DELETE_FAILED", failure.reason)
            self.stack._add_stack_event("DELETE_FAILED", str(failure))
            self.stack.status = "DELETE_FAILED"
            return
        self.stack._add_stack_event("DELETE_COMPLETE")
        self.stack.status = "DELETE_COMPLETE"

    def _roll_back(self, verb: str) -> None:
        if verb == "CREATE":
            for logical_id in reversed(list(self.deployed)):
                self._remove(logical_id, quietly=True)
            self.stack.status = "ROLLBACK_COMPLETE"
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
        verb = "UPDATE" if existing else "CREATE"
        try:
            properties = parsing.clean_json(copy.deepcopy(declared.get("Properties", {})), self.map)
            if existing and existing.type == kind and existing.properties == properties:
                existing.deletion_policy = declared.get("DeletionPolicy", "Delete")
                return
            self._event(logical_id, f"{verb}_IN_PROGRESS", None, kind)
            previous = existing.resource if existing and existing.type == kind else None
            resource = make_resource(
                self.stack, logical_id, kind, copy.deepcopy(properties), previous
            )
        except Exception as error:
            reason = str(getattr(error, "message", "") or error or type(error).__name__)
            self._event(logical_id, f"{verb}_FAILED", reason, kind)
            raise ResourceFailure(logical_id, f"{kind}: {reason}") from error
        resource.cf_resource_type = kind
        resource.logical_resource_id = logical_id
        self.map._parsed_resources[logical_id] = resource
        self.deployed[logical_id] = Deployed(
            kind, properties, resource, declared.get("DeletionPolicy", "Delete")
        )
        self._event(logical_id, f"{verb}_COMPLETE", None, kind, resource.physical_resource_id)

    def _remove(self, logical_id: str, *, quietly: bool = False) -> None:
        entry = self.deployed[logical_id]
        if entry.deletion_policy not in _KEPT:
            self._event(logical_id, "DELETE_IN_PROGRESS", None, entry.type)
            try:
                entry.resource.remove()
            except Exception as error:
                if not quietly:
                    raise ResourceFailure(logical_id, f"{entry.type}: {error}") from error
                self._event(logical_id, "DELETE_FAILED", str(error), entry.type)
            else:
                self._event(logical_id, "DELETE_COMPLETE", None, entry.type)
        del self.deployed[logical_id]
        self.map._parsed_resources.pop(logical_id, None)

    @property
    def _backend(self) -> Any:
        return stack_models.cloudformation_backends[self.stack.account_id][self.stack.region_name]

    def _publish_exports(self) -> None:
        exports = self._backend.exports
        for name in [
            name
            for name, export in exports.items()
            if export.exporting_stack_id == self.stack.stack_id
        ]:
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


def _engine(stack: Any) -> StackEngine:
    if not hasattr(stack, "outlay_engine"):
        stack.outlay_engine = StackEngine(stack)
    return stack.outlay_engine  # type: ignore[no-any-return]


def _start(stack: Any, verb: str, template: str, parameters: dict[str, str]) -> None:
    """Runs an operation on its own thread; the stack reads as in progress from this moment."""
    parsed = parse_template(template)
    stack.template = template
    stack.status = f"{verb}_IN_PROGRESS"
    stack._add_stack_event(stack.status, resource_status_reason="User Initiated")
    threading.Thread(
        target=_engine(stack).run, args=(verb, parsed, parameters), daemon=True
    ).start()


def parse_template(template: Any) -> dict[str, Any]:
    """A template from JSON (what CDK writes) or YAML."""
    if isinstance(template, dict):
        return template
    try:
        return json.loads(template)  # type: ignore[no-any-return]
    except ValueError:
        yaml.add_multi_constructor("", stack_models.yaml_tag_constructor)
        return yaml.load(template, Loader=yaml.Loader)  # type: ignore[no-any-return]  # noqa: S506


def _create_stack(
    self: Any, name: str, template: str, parameters: dict[str, Any], **options: Any
) -> Any:
    if any(stack.name == name for stack in self.stacks.values()):
        raise stack_models.AlreadyExistsException(f"Stack {name} already exists")
    stack_id = stack_models.generate_stack_id(name, self.region_name, self.account_id)
    stack = stack_models.Stack(
        stack_id=stack_id,
        name=name,
        template={},
        parameters={},
        account_id=self.account_id,
        region_name=self.region_name,
        cross_stack_resources=self.exports,
        **options,
    )
    self.stacks[stack_id] = stack
    _start(stack, "CREATE", template, parameters)
    return stack


def _update_stack(
    self: Any,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: Any,
) -> Any:
    stack = self.get_stack(name)
    resolved = self._resolve_update_parameters(instance=stack, incoming_params=parameters)
    unchanged = parse_template(template) == stack.template_dict and resolved == stack.parameters
    if unchanged and stack.status.endswith("_COMPLETE"):
        raise ValidationError(stack.name, message="No updates are to be performed.")
    stack.role_arn = role_arn
    stack.tags = tags if tags is not None else stack.tags
    _start(stack, "UPDATE", template, resolved)
    return stack


def _execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    change_set = self.describe_change_set(change_set_name)
    stack = self.stacks[change_set.stack_id]
    change_set.execution_status = "EXECUTE_COMPLETE"
    _start(stack, change_set.change_set_type, change_set.template, change_set.parameters)


def _delete_stack(self: Any, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id in (stack.name, stack.stack_id):
            stack.status = "DELETE_IN_PROGRESS"
            stack._add_stack_event(stack.status, resource_status_reason="User Initiated")
            threading.Thread(target=_finish_delete, args=(self, stack), daemon=True).start()


def _finish_delete(backend: Any, stack: Any) -> None:
    _engine(stack).delete()
    if stack.status == "DELETE_COMPLETE":
        for name, export in list(backend.exports.items()):
            if export.exporting_stack_id == stack.stack_id:
                del backend.exports[name]
        backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)


def install() -> None:
    """Replaces moto's stack operations in this process."""
    stack_models.Stack.parse_template = staticmethod(parse_template)
    stack_models.ChangeSet._parse_template = lambda self: setattr(
        self, "template_dict", parse_template(self.template)
    )
    parsing.ResourceMap.validate_outputs = lambda self: None
    backend = stack_models.CloudFormationBackend
    backend.create_stack = _create_stack
    backend.update_stack = _update_stack
    backend.execute_change_set = _execute_change_set
    backend.delete_stack = _delete_stack
