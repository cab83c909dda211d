"""tests/data names nobody: no address of a person or a machine that exists, no key, no account but known placeholders.

People's names cannot be told from other words by a rule: the README of that folder says which were replaced.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
RESERVED_DOMAINS = ("example.com", "example.org", "example.net")
PLACEHOLDERS = {"000000000000", "111122223333", "123456789012", "444455556666", "644160558196", "777788889999"}
"""AWS's own examples, and the number that Cloud Custodian puts in place of the recorded account's."""


def is_somebodys_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.replace("-", ".")).is_global  # RFC 5737's and private ones are not
    except ValueError:
        return False


KINDS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "address of a machine": (
        r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|(?<=\bec2-)\d{1,3}(?:-\d{1,3}){3}",
        is_somebodys_address,
    ),
    "IPv6 address": (r"(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])", lambda text: is_global_v6(text)),
    "address of a person": (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        lambda text: not text.lower().endswith(tuple(f"@{domain}" for domain in RESERVED_DOMAINS)),
    ),
    "access key or principal": (r"\b(?:AKIA|ASIA|AIDA|AROA|AIPA)[A-Z0-9]{8,}\b", lambda text: "EXAMPLE" not in text),
    "account": (r'(?<=arn:aws:iam::)\d{12}|(?<="OwnerId": ")\d{12}', lambda text: text not in PLACEHOLDERS),
    "private key": ("PRIVATE KEY", lambda text: True),
}


def is_global_v6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).is_global
    except ValueError:
        return False


def found(kind: str, text: str) -> set[str]:
    """What of a kind stands in a text and should not."""
    pattern, wrong = KINDS[kind]
    return {match for match in re.findall(pattern, text) if wrong(match)}


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_holds_any(kind: str) -> None:
    files = [path for path in DATA.rglob("*") if path.suffix in (".json", ".csv")]
    wrong = {str(path.relative_to(DATA)): bad for path in files if (bad := found(kind, path.read_text(encoding="utf-8")))}
    assert files
    assert wrong == {}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("address of a machine", '"PublicIp": "8.8.4.4"', {"8.8.4.4"}),
        ("address of a machine", "ec2-8-8-4-4.compute-1.amazonaws.com", {"8-8-4-4"}),
        ("address of a machine", "ec2-203-0-113-7.compute-1.amazonaws.com 203.0.113.7 172.31.5.6 10.0.0.1", set()),
        ("IPv6 address", "2600:1f18:1234:5678:0:0:0:1 2001:db8:0:0:0:0:0:1", {"2600:1f18:1234:5678:0:0:0:1"}),
        ("address of a person", "jane@corp.example jane@example.com", {"jane@corp.example"}),
        ("access key or principal", "AKIAIOSFODNN7EXAMPLE AKIAQWERTYUIOPASDFGH", {"AKIAQWERTYUIOPASDFGH"}),
        ("account", "arn:aws:iam::210987654321:role/x arn:aws:iam::123456789012:role/x", {"210987654321"}),
    ],
)
def test_each_would_be_seen(kind: str, text: str, expected: set[str]) -> None:
    assert found(kind, text) == expected
