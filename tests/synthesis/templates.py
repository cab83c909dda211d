"""Reads a synthesized assembly the way a reviewer would: resources by type, intrinsics written out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly's templates, by the stack's short name: Lake, Collection, Rollups, Alerts, MemberRole."""

    folder: Path
    templates: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        found = {path.name.split(".")[0]: json.loads(path.read_text()) for path in sorted(folder.glob("*.template.json"))}
        return cls(folder, found)

    def resources(self, kind: str, stack: str | None = None) -> list[dict[str, Any]]:
        """Properties of every resource of a CloudFormation type, intrinsics written out."""
        return [
            {"_stack": name, "_id": logical_id, **_written_out(resource.get("Properties", {}))}
            for name, template in self.templates.items()
            if stack in (None, name)
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        ]

    def one(self, kind: str, stack: str) -> dict[str, Any]:
        """The only resource of a type in a stack."""
        (found,) = self.resources(kind, stack)
        return found

    def statements(self, function: str) -> Iterator[tuple[set[str], set[str]]]:
        """Actions and resources that each statement of a function's role allows, by the function's purpose."""
        for policy in self.resources("AWS::IAM::Policy"):
            if any(role.startswith(f"<{function.capitalize()}Role") for role in policy["Roles"]):
                for statement in policy["PolicyDocument"]["Statement"]:
                    if statement["Effect"] == "Allow":
                        yield _set(statement["Action"]), _set(statement["Resource"])

    def allowed(self, function: str, action: str) -> set[str]:
        """The resources on which a function's role allows an action, by the ends of their ARNs."""
        found = {r for actions, resources in self.statements(function) if action in actions for r in resources}
        return {_end(resource) for resource in found}


def _written_out(value: Any) -> Any:
    """Ref as <Name>, GetAtt as <Name.Attribute>, joins joined."""
    if isinstance(value, list):
        return [_written_out(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return f"<{value['Ref']}>"
    if set(value) == {"Fn::GetAtt"}:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return str(separator).join(str(_written_out(part)) for part in parts)
    if set(value) == {"Fn::If"}:
        return f"<if {value['Fn::If'][0]}: {_written_out(value['Fn::If'][1])} else {_written_out(value['Fn::If'][2])}>"
    return {key: _written_out(item) for key, item in value.items()}


def _set(value: str | list[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _end(arn: str) -> str:
    """An ARN without partition, service, region and account; the lake's bucket as `lake`."""
    end = arn.replace("<AWS::", "<").split(":", 5)[-1]
    return end.replace("outlay-lake-<AccountId>-<Region>", "lake")
