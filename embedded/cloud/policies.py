"""Evaluates IAM policy documents: who may do what to which resource.

Supported are Effect, Action, NotAction, Resource, NotResource, Principal, Null, and the string conditions whose keys are in
the request's context. A condition with another operator is taken as met. A Deny whose condition asks for a key that the
context lacks does not deny.
"""

import fnmatch
from collections.abc import Callable, Iterable
from typing import Any

Document = dict[str, Any]
Context = dict[str, str]

_STRING_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda actual, wanted: actual == wanted,
    "StringEqualsIgnoreCase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringLike": lambda actual, wanted: _like(actual, wanted),
    "ArnEquals": lambda actual, wanted: _like(actual, wanted),
    "ArnLike": lambda actual, wanted: _like(actual, wanted),
}


def permits(documents: Iterable[Document], action: str, resource: str, context: Context | None = None) -> bool:
    """Whether identity policies allow an action on a resource: some Allow, and no Deny.

    A resource of "*" (the caller could not tell which) matches every Resource of an Allow and only "*" of a Deny.
    """
    allowed = False
    for statement in _statements(documents):
        if not _covers_action(statement, action) or not _covers_resource(statement, resource):
            continue
        if not _conditions_hold(statement, context or {}):
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def trusts(
    document: Document, action: str, principals: Iterable[str], context: Context, resource: str | None = None
) -> bool:
    """Whether a resource's policy (of a role, a queue, a bucket) lets one of these principals do something to it.

    Principals are ARNs, account ids or service names. resource is what within it, such as a bucket's object (None: whatever
    the statements name). Conditions whose key is missing from the context do not hold: a role that asks for an external id
    gets one.
    """
    known = set(principals)
    trusted = False
    for statement in _statements([document]):
        if not _covers_action(statement, action) or not _names_principal(statement, known):
            continue
        if resource is not None and not _covers_resource(statement, resource):
            continue
        if not _conditions_hold(statement, context, missing_key_holds=False):
            continue
        if statement["Effect"] == "Deny":
            return False
        trusted = True
    return trusted


def _statements(documents: Iterable[Document]) -> Iterable[Document]:
    for document in documents:
        statements = document.get("Statement", [])
        yield from [statements] if isinstance(statements, dict) else statements


def _covers_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not _any_like(action.lower(), _lower(statement["NotAction"]))
    return _any_like(action.lower(), _lower(statement.get("Action", [])))


def _covers_resource(statement: Document, resource: str) -> bool:
    if resource == "*":
        return statement["Effect"] == "Allow" or "*" in _as_list(statement.get("Resource", []))
    if "NotResource" in statement:
        return not _any_like(resource, _as_list(statement["NotResource"]))
    return _any_like(resource, _as_list(statement.get("Resource", "*")))


def _names_principal(statement: Document, known: set[str]) -> bool:
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    named = [name for names in principal.values() for name in _as_list(names)]
    return any(name == "*" or name in known for name in named)


def _conditions_hold(statement: Document, context: Context, *, missing_key_holds: bool = True) -> bool:
    lowered = {key.lower(): value for key, value in context.items()}
    for operator, tests in statement.get("Condition", {}).items():
        if operator == "Null":
            absences = [(key.lower() not in lowered, wanted) for key, wanted in tests.items()]
            if any(str(is_absent).lower() != str(wanted).lower() for is_absent, wanted in absences):
                return False
        compare = _STRING_OPERATORS.get(operator.removesuffix("IfExists"))
        if compare is None:
            continue
        for key, wanted in tests.items():
            actual = lowered.get(key.lower())
            if actual is None:
                known_absent = not missing_key_holds and not operator.endswith("IfExists")
                if known_absent or (statement["Effect"] == "Deny"):
                    return False
            elif not any(compare(actual, str(one)) for one in _as_list(wanted)):
                return False
    return True


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _lower(value: Any) -> list[str]:
    return [item.lower() for item in _as_list(value)]


def _any_like(value: str, patterns: list[str]) -> bool:
    return any(_like(value, pattern) for pattern in patterns)


def _like(value: str, pattern: str) -> bool:
    """IAM's wildcards: * and ?, nothing else is special."""
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
