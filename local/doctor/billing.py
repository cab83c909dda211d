"""What AWS's billing must do for the lake: activate the tag keys of grouping.yaml, and deliver the bills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from collectors.bills.deliveries import deliveries
from collectors.bills.overdue import overdue
from infra.settings.load import Settings
from lake.configuration import GROUPS, Bill, Configuration
from local.doctor.finding import CheckResult
from local.doctor.stacks import DeployedStacks

BILLING_REGION = "us-east-1"
APPLICATION = "application"
"""The tag key that the stacks themselves carry, so that Outlay's own cost can be told."""


def check_tags(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether bills carry the tags that group costs: AWS leaves out each key that the payer account has not activated."""
    try:
        status = _tag_status(deployment)
    except ClientError as error:
        yield CheckResult(
            "warn",
            f"cost allocation tags could not be read: {error}",
            "only the payer account sees them: run this once with its credentials",
        )
        return
    grouping = deployment.whole.grouping
    wanted = {group: tuple(getattr(grouping, group)) for group in GROUPS} | {APPLICATION: (APPLICATION,)}
    inactive = sorted({key for keys in wanted.values() for key in keys if status.get(key) == "Inactive"})
    if inactive:
        yield CheckResult(
            "fail",
            f"tag keys are not active, so that bills lack them and their costs are unattributed: {', '.join(inactive)}",
            f"in the payer account: {activation(inactive)} && {backfill(datetime.now(UTC))}",
        )
    unseen = [group for group, keys in wanted.items() if keys and not any(key in status for key in keys)]
    for group in unseen:
        yield CheckResult(
            "warn",
            f"billing has seen none of the tag keys of {group}: {', '.join(wanted[group])}",
            "a key can be activated a day after a resource first carries it; is it spelled so in grouping.yaml?",
        )
    if not inactive and not unseen:
        yield CheckResult("ok", "the tag keys of grouping.yaml are active cost allocation tags")


def activation(keys: list[str]) -> str:
    """The command that activates tag keys."""
    statuses = " ".join(f"'TagKey={key},Status=Active'" for key in keys)
    return f"aws ce update-cost-allocation-tags-status --cost-allocation-tags-status {statuses}"


def backfill(now: datetime) -> str:
    """The command that has AWS put activated tags into the bills of the last twelve months, the most that it takes."""
    first = (now.replace(day=1) - timedelta(days=335)).replace(day=1)
    return f"aws ce start-cost-allocation-tag-backfill --backfill-from {first:%Y-%m-%d}T00:00:00Z"


def _tag_status(deployment: DeployedStacks) -> dict[str, str]:
    """Active or Inactive, by tag key."""
    costs: Any = deployment.session.client("ce", region_name=BILLING_REGION)
    pages = costs.get_paginator("list_cost_allocation_tags").paginate()
    return {tag["TagKey"]: tag["Status"] for page in pages for tag in page["CostAllocationTags"]}


def check_exports(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether the exports that the deployment makes are there and healthy."""
    whole: Settings = deployment.whole
    made = [bill.name for bill in whole.bills.bills if bill.is_exported_by(deployment.settings.account)]
    if not made:
        return
    exports = deployment.session.client("bcm-data-exports", region_name=BILLING_REGION)
    pages = exports.get_paginator("list_exports").paginate()
    status = {one["ExportName"]: one["ExportStatus"].get("StatusCode", "") for page in pages for one in page["Exports"]}
    for name in (f"{deployment.name}-{bill}" for bill in made):
        if status.get(name) == "HEALTHY":
            yield CheckResult("ok", f"export {name} is healthy")
        elif name in status:
            yield CheckResult("fail", f"export {name} is {status[name]}", "see it in the console: Billing, Data Exports")
        else:
            yield CheckResult("fail", f"there is no export {name}", "make it as docs/deploy.md says: The bill")


def check_deliveries(deployment: DeployedStacks) -> Iterator[CheckResult]:
    """Whether each bill is delivered, and how long ago it was."""
    s3, now = deployment.session.client("s3"), datetime.now(UTC)
    account = deployment.session.client("sts").get_caller_identity()["Account"]
    own_bucket = f"{deployment.name}-lake-{account}-{deployment.session.region_name}"
    for bill in Configuration.from_json(deployment.whole.configuration_json()).bills:
        listing = deliveries(s3, bill, bill.bucket or own_bucket, now)
        if late := overdue(bill, listing, now):
            yield CheckResult("warn", late, _remedy(bill))
        else:
            yield CheckResult("ok", f"bill {bill.name} is delivered")


def _remedy(bill: Bill) -> str:
    return f"look for the export that writes under {bill.prefix}; a new one takes up to a day"
