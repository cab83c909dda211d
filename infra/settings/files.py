"""The files of config/, one model each; docs/configuration.md describes every field.

A field's type carries its own check, and the check's sentence is the remedy that a user reads.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from collectors.bills.formats import format_names
from infra.settings.yaml_files import Strict

LEVELS = {
    "account": ("total", "provider", "account", "region"),
    "group": ("customer", "cluster", "index_name", "env", "purpose"),
    "service": ("service", "resource_type", "usage_type"),
}
"""What budgets may limit: the levels of sql/outlay/views/cost_nodes.sql in its order. A test holds them against the view."""


def _text(pattern: str, remedy: str) -> AfterValidator:
    """A check that a text matches a pattern as a whole."""

    def matches(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(remedy)
        return value

    return AfterValidator(matches)


def _number(low: int, high: int, unit: str) -> AfterValidator:
    def within(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"use {low} to {high} {unit}")
        return value

    return AfterValidator(within)


@cache
def known_regions() -> frozenset[str]:
    """Every region of every partition that botocore knows, without importing botocore."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ImportError("botocore is not installed")
    partitions = json.loads((Path(spec.origin).parent / "data/partitions.json").read_text(encoding="utf-8"))
    regions = (name for partition in partitions["partitions"] for name in partition["regions"])
    return frozenset(name for name in regions if not name.endswith("-global"))


def _region(value: str) -> str:
    if value not in known_regions():
        raise ValueError("no AWS region is called that; use one such as us-east-1")
    return value


def _money(value: Decimal) -> Decimal:
    if not value.is_finite() or value < 0 or value > Decimal("1e15") or value != round(value, 2):
        raise ValueError("use 0 or more US dollars with at most two decimals, such as 1500.00")
    return value


def _retention(value: int) -> int:
    kept = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
    if value not in kept:
        raise ValueError(f"CloudWatch keeps logs for {', '.join(map(str, kept))} days; use one of these")
    return value


def _encrypted(value: str) -> str:
    url = urlsplit(value)
    if re.fullmatch(r"https?://\S+/", value) and (url.scheme == "https" or _is_loopback(url.hostname or "")):
        return value
    raise ValueError("use a URL that begins with https:// and ends with /; over http others could read the token on its way")


def _is_loopback(host: str) -> bool:
    """Whether a host is an address of the machine itself, whose traffic crosses no network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bill_format(value: str) -> str:
    if value not in format_names():
        raise ValueError(f"use {' or '.join(format_names())}")
    return value


AccountId = Annotated[str, _text(r"\d{12}", "an account id has 12 digits, such as 111111111111")]
Region = Annotated[str, AfterValidator(_region)]
Money = Annotated[Decimal, AfterValidator(_money)]
TagKey = Annotated[
    str,
    _text(r"(?=.*\S)[\w .:/=+\-@]{1,128}", "a tag key has 1 to 128 letters, digits, spaces or any of _ . : / = + - @"),
]
Channel = Annotated[
    str,
    _text(
        r"#?[a-z0-9][a-z0-9._-]{0,79}|[CGDUW][A-Z0-9]{8,20}|@[a-z0-9][a-z0-9._-]{0,79}",
        "use a Slack channel such as #cloud-cost, or an id such as C012AB3CD",
    ),
]
Line = Annotated[str, _text(r"[^\n\r\t]{1,200}", "use one line of up to 200 characters")]
Name = Annotated[str, _text(r"[a-z][a-z0-9-]{1,19}", "use 2 to 20 lower-case letters, digits or -, a letter first")]
Slug = Annotated[str, _text(r"[a-z0-9][a-z0-9_-]{0,59}", "use up to 60 lower-case letters, digits, _ or -")]
Layer = Annotated[
    str,
    _text(
        r"arn:aws[a-z-]*:lambda:(\{region\}|[a-z0-9-]+):\d{12}:layer:[\w-]+:\d+",
        "use a layer version's ARN; {region} stands for the deployment's region",
    ),
]


class Layers(Strict):
    """Layers of one's own in place of the managed ones that infra.settings.layers knows: Python 3.13, arm64."""

    sdk_for_pandas: Layer | None = None
    powertools: Layer | None = None


class SlackSettings(Strict):
    """How messages reach Slack. Without secret_arn an empty secret is created, to be filled in after the deployment."""

    secret_arn: Annotated[
        str | None,
        _text(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+", "use the ARN of a Secrets Manager secret"),
    ] = None
    api_url: Annotated[str, AfterValidator(_encrypted)] = "https://slack.com/api/"


class DeploymentSettings(Strict):
    """deployment.yaml: where Outlay is deployed, and how."""

    name: Name = "outlay"
    account: AccountId | None = None
    region: Region | None = None
    external_id: Annotated[
        str, _text(r"[\w+=,.@:/-]{8,128}", "use 8 to 128 letters, digits or any of + = , . @ : / -, known to you alone")
    ]
    alarm_email: Annotated[str | None, _text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "use one e-mail address")] = None
    slack: SlackSettings = SlackSettings()
    database_prefix: Annotated[str, _text(r"([a-z][a-z0-9_]{0,19})?", "use up to 20 lower-case letters, digits or _")] = ""
    keep_data: bool = True
    kms_key_arn: Annotated[
        str | None, _text(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "use the ARN of a KMS key")
    ] = None
    log_retention_days: Annotated[int, AfterValidator(_retention)] = 90
    query_limit_gb: Annotated[int, _number(1, 100_000, "GB")] = 100
    reserved_concurrency: bool = True
    allow_destructive_changes: bool = False
    layers: Layers = Layers()

    @property
    def member_role(self) -> str:
        """Name of the role that collectors assume in each account."""
        return f"{self.name}-member"


class AccountEntry(Strict):
    """One account that collectors visit."""

    account_id: AccountId
    name: Line
    role: Slug | None = None
    regions: tuple[Region, ...] = ()
    enabled: bool = True
    defaults: dict[Literal["customer", "cluster", "index_name", "env", "purpose"], Line] = Field(default_factory=dict)


class Accounts(Strict):
    """accounts.yaml: which accounts collectors visit; regions are those of the accounts that name none."""

    regions: tuple[Region, ...] = ()
    accounts: tuple[AccountEntry, ...] = ()


class Grouping(Strict):
    """grouping.yaml: the tag keys that say whose a resource is; the first key with a value wins."""

    customer: tuple[TagKey, ...] = ()
    cluster: tuple[TagKey, ...] = ()
    index_name: tuple[TagKey, ...] = ()
    env: tuple[TagKey, ...] = ()
    purpose: tuple[TagKey, ...] = ()


class BudgetEntry(Strict):
    """One spending rule."""

    rule_id: Slug
    description: Line
    dimension: Literal["account", "group", "service"]
    level: str
    ancestor_id: Line | None = None
    period: Literal["daily", "monthly"]
    limit_usd: Money
    cost_type: Literal["unblended", "amortized", "net"] = "unblended"
    severity: Literal["info", "warning", "critical"] = "warning"
    owner: Channel | None = None


class Budgets(Strict):
    """budgets.yaml: the spending rules."""

    budgets: tuple[BudgetEntry, ...] = ()


class BillEntry(Strict):
    """Where one provider delivers its bill. payer_account is the AWS account whose export writes to the lake's bucket.

    create_export: the deployment makes that export, where the payer is its own account.
    """

    name: Slug
    format: Annotated[str, AfterValidator(_bill_format)]
    prefix: Annotated[str, _text(r"[\w!.*'()-][\w!.*'()/-]*/", "use a key prefix that ends with /, such as bills/aws/")]
    bucket: Annotated[
        str | None, _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "use the name of an S3 bucket, without s3://")
    ] = None
    payer_account: AccountId | None = None
    create_export: bool = True
    max_age_days: Annotated[int, _number(1, 400, "days")] | None = None

    def is_exported_by(self, account: str | None) -> bool:
        """Whether a deployment in that account makes the bill's export: a CUR of its own, delivered to the lake's bucket."""
        is_payer = self.payer_account in (None, account)
        return self.create_export and self.format == "cur2" and self.bucket is None and is_payer


class Bills(Strict):
    """bills.yaml: the bills to read."""

    bills: tuple[BillEntry, ...] = ()


class NotificationSettings(Strict):
    """notifications.yaml: where findings go."""

    default_channel: Channel
    minimum_over_usd: Money = Decimal(0)
    muted_accounts: tuple[AccountId, ...] = ()
