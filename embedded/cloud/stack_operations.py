"""CloudFormation's operations on stacks, each run by a StackEngine on a thread of its own."""

import threading
from typing import Any

from moto.cloudformation import models as stack_models
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.utils import generate_stack_id

from embedded.cloud.stacks import StackEngine
from embedded.cloud.templates import parse_template


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
    threading.Thread(target=_engine(stack).run, args=(verb, parsed, parameters), daemon=True).start()


def _create_stack(self: Any, name: str, template: str, parameters: dict[str, Any], **options: Any) -> Any:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack {name} already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    kind: Any = stack_models.Stack  # abstract to a type checker only
    stack = kind(
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
    stack: Any = stack_models.Stack
    change_set: Any = stack_models.ChangeSet
    resource_map: Any = ResourceMap
    backend: Any = stack_models.CloudFormationBackend
    stack.parse_template = staticmethod(parse_template)
    change_set._parse_template = lambda self: setattr(self, "template_dict", parse_template(self.template))
    resource_map.validate_outputs = lambda self: None
    backend.create_stack = _create_stack
    backend.update_stack = _update_stack
    backend.execute_change_set = _execute_change_set
    backend.delete_stack = _delete_stack
