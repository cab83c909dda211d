"""Tells cdk-nag why a finding stands; every one carries its reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Let one AwsSolutions finding stand on a construct and all in it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason))


def acknowledge_wildcards(construct: IConstruct, resources: Iterable[str], reason: str) -> None:
    """Let the resources that end in a wildcard stand in the policies below a construct.

    cdk-nag matches no prefix, so that each is acknowledged as it prints it: with <Name> for a reference.
    """
    stack = Stack.of(construct)
    for resource in resources:
        printed = as_printed(stack.resolve(resource))
        if "*" in printed:
            acknowledge(construct, f"IAM5[Resource::{printed}]", reason)


def as_printed(value: Any) -> str:
    """A resolved value as cdk-nag prints it: references by name."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    separator, parts = value["Fn::Join"]
    return str(separator).join(as_printed(part) for part in parts)
