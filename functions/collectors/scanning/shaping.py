"""What the AWS collectors share in shaping a raw record: ARNs, tags, times and flags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from lake.errors import ConfigurationError

if TYPE_CHECKING:
    import boto3

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""Region name prefixes outside the standard partition. No prefix begins another."""


def session_account(session: boto3.Session) -> str:
    """The account that a session acts in. Raises ConfigurationError where its credentials do not say."""
    # botocore's type stubs do not know account_id yet.
    account_id = getattr(session.get_credentials(), "account_id", None)
    if not account_id:
        raise ConfigurationError("the session's credentials name no account; open it with scanning.member_role.MemberRole")
    return str(account_id)


@cache
def partition_of(region: str) -> str:
    """The AWS partition that a region belongs to, such as aws-cn for cn-north-1."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """The ARN of a regional resource; resource is as the service writes it, such as volume/vol-0abc."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account_id}:{resource}"


def tags_of(raw: Mapping[str, Any]) -> dict[str, str]:
    """All tags of a record that spells them as a list of Key and Value."""
    return {tag["Key"]: tag.get("Value", "") for tag in raw.get("Tags") or ()}


def present(*parts: Mapping[str, str | None]) -> dict[str, str]:
    """The properties, given in parts, that say something: EC2 leaves some fields out and gives others as ''."""
    return {name: value for part in parts for name, value in part.items() if value}


def utc_text(moment: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC to the second, such as 2026-11-20T09:00:00Z; None stays None."""
    # Twice as fast as strftime, for a million volumes with two times each.
    return None if moment is None else moment.astimezone(UTC).isoformat()[:19] + "Z"


def flag(value: bool | None) -> str | None:
    """A boolean as 'true' or 'false'; None where the source is silent."""
    return None if value is None else str(value).lower()


def number(value: int | None) -> str | None:
    """A number as text; None where the source is silent. 0 is a number."""
    return None if value is None else str(value)


def joined(values: list[str | None]) -> str | None:
    """The values that are there, separated by commas; None where there are none."""
    return ",".join(value for value in values if value) or None
