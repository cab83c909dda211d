"""Reading CloudFormation templates: parsing, references, the order that they make."""

import json
import re
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.utils import yaml_tag_constructor

_SUB_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")


def parse_template(template: Any) -> dict[str, Any]:
    """A template from JSON (what CDK writes) or YAML."""
    if isinstance(template, dict):
        return template
    try:
        return json.loads(template)  # type: ignore[no-any-return]
    except ValueError:
        yaml.add_multi_constructor("", yaml_tag_constructor)
        return yaml.load(template, Loader=yaml.Loader)  # type: ignore[no-any-return]  # noqa: S506


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
            raise ValidationError(message=f"Circular dependency between resources: {[*visiting, logical_id]}")
        visiting.append(logical_id)
        resource = resources[logical_id]
        depends = resource.get("DependsOn", [])
        needed = set([depends] if isinstance(depends, str) else depends) | references(resource.get("Properties"))
        for name in sorted(needed & resources.keys()):
            visit(name)
        visiting.pop()
        order.append(logical_id)

    for logical_id in resources:
        visit(logical_id)
    return order


def without_no_value(value: Any) -> Any:
    """Without what AWS::NoValue left in lists: moto drops it from objects only."""
    if isinstance(value, list):
        return [without_no_value(item) for item in value if item is not None]
    if isinstance(value, dict):
        return {key: without_no_value(item) for key, item in value.items()}
    return value
