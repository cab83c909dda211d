"""The roles of a deployment: what each was given, what it was asked for, and what becomes of it without one permission."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from embedded.cloud import policies
from embedded.cloud.embedded import EmbeddedCloud

NOTHING = {"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
"""A policy must have a statement."""


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource (an ARN pattern) that a role's policies allow."""

    action: str
    resource: str

    @property
    def statement(self) -> dict[str, Any]:
        return {"Statement": {"Effect": "Allow", "Action": self.action, "Resource": self.resource}}

    def covers(self, action: str, resource: str) -> bool:
        return policies.permits([self.statement], action, resource)


@dataclass(frozen=True)
class Role:
    """One role in one account of the embedded cloud."""

    cloud: EmbeddedCloud
    name: str
    account: str

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/{self.name}"

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """Its inline policies by name. There are no others."""
        iam = self.cloud.client("iam", self.account)
        names = iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"] for name in names}

    def grants(self) -> set[Grant]:
        return {
            Grant(action, resource)
            for document in self.documents.values()
            for statement in document["Statement"]
            if statement["Effect"] == "Allow"
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        }

    def needed(self, asked: Collection[tuple[str, str]]) -> set[Grant]:
        """Of its grants those without which something that it was asked for, (action, resource), would be denied."""
        grants = self.grants()
        covering = [[grant for grant in grants if grant.covers(*one)] for one in asked]
        return {grant for covers in covering for grant in covers if len(covers) == 1}

    @contextmanager
    def without(self, action: str) -> Iterator[None]:
        """The role without an action, on whatever resource."""
        before = self.documents
        try:
            for name, document in before.items():
                kept = [
                    {**statement, "Action": left}
                    for statement in document["Statement"]
                    if (left := [one for one in _listed(statement["Action"]) if one != action])
                ]
                self._put(name, {**document, "Statement": kept or [NOTHING]})
            yield
        finally:
            for name, document in before.items():
                self._put(name, document)

    def _put(self, name: str, document: dict[str, Any]) -> None:
        iam = self.cloud.client("iam", self.account)
        iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=json.dumps(document))


@contextmanager
def recorded(cloud: EmbeddedCloud) -> Iterator[list[tuple[str, str, str, bool]]]:
    """What IAM was asked inside the block: role ARN, action, resource, answer; there when the block has ended."""
    found: list[tuple[str, str, str, bool]] = []
    cloud.command("record-access", on=True)
    try:
        yield found
    finally:
        found += [tuple(entry) for entry in cloud.command("access-ledger")]
        cloud.command("record-access", on=False)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
