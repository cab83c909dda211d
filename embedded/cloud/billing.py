"""Billing's APIs that moto lacks: Data Exports, and the cost allocation tags of Cost Explorer.

An export is made as AWS makes it: Data Exports first writes a test object to the root of the bucket, and then may write
under the prefix, both only where the bucket's policy lets it for the account and the export that ask. Both services live
in one region of a partition. Nothing is delivered by itself; a test puts a delivery where the export would.
Source: AWS Data Exports User Guide, "Setting up an Amazon S3 bucket for data exports"; error codes of the API reference.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.s3.models import s3_backends

from embedded.cloud import iam, policies
from embedded.cloud.requests import Request

REGIONS = ("us-east-1", "cn-northwest-1")
TEST_OBJECT = "aws-programmatic-access-test-object"
SERVICE = "bcm-data-exports.amazonaws.com"
_TARGETS = ("AWSBillingAndCostManagementDataExports.", "AWSInsightsIndexService.")
_NAME = re.compile(r"[0-9A-Za-z_-]{1,128}")
_QUERY = re.compile(r"\s*SELECT\s+(?P<columns>.+?)\s+FROM\s+(?P<table>\w+)\s*", re.I | re.DOTALL)
_TABLES = ("COST_AND_USAGE_REPORT", "FOCUS_1_0_AWS", "FOCUS_1_2_AWS", "COST_OPTIMIZATION_RECOMMENDATIONS")
_OUTPUT = {
    "OutputType": {"CUSTOM"},
    "Format": {"PARQUET", "TEXT_OR_CSV"},
    "Compression": {"PARQUET", "GZIP"},
    "Overwrite": {"OVERWRITE_REPORT", "CREATE_NEW_REPORT"},
}


class RefusedError(Exception):
    """What AWS refuses; code is its name for that."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class CostAllocationTag:
    """A tag key that a payer account has seen, and whether its bills carry it."""

    key: str
    status: str = "Inactive"

    def described(self) -> dict[str, str]:
        """As the API gives it."""
        return {"TagKey": self.key, "Type": "UserDefined", "Status": self.status}


_exports: dict[str, dict[str, dict[str, Any]]] = {}
_tags: dict[str, dict[str, CostAllocationTag]] = {}


def create_export(account: str, region: str, export: dict[str, Any]) -> str:
    """Make an export and return its ARN. Raises RefusedError where AWS would refuse it."""
    if region not in REGIONS:
        raise RefusedError("ValidationException", f"Data Exports is not available in {region}; use {REGIONS[0]}")
    name = export["Name"]
    if not _NAME.fullmatch(name):
        raise RefusedError("ValidationException", f"Export name {name!r} does not match {_NAME.pattern}")
    if any(one["Name"] == name for one in _exports.get(account, {}).values()):
        raise RefusedError("ValidationException", f"An export named {name} already exists")
    _check_query(export["DataQuery"])
    arn = f"arn:aws:bcm-data-exports:{region}:{account}:export/{name}-{uuid.uuid4()}"
    _check_destination(account, arn, export)
    _exports.setdefault(account, {})[arn] = {**export, "ExportArn": arn}
    return arn


def _check_query(query: dict[str, Any]) -> None:
    match = _QUERY.fullmatch(query["QueryStatement"])
    if match is None or "*" in match["columns"]:
        raise RefusedError("ValidationException", "The query must be SELECT, a list of columns, FROM, and a table")
    if match["table"].upper() not in _TABLES:
        raise RefusedError("ValidationException", f"Table {match['table']} is not one of {', '.join(_TABLES)}")
    if unknown := set(query.get("TableConfigurations", {})) - {match["table"]}:
        raise RefusedError("ValidationException", f"Table configurations of {sorted(unknown)}, which the query lacks")


def _check_destination(account: str, arn: str, export: dict[str, Any]) -> None:
    destination = export["DestinationConfigurations"]["S3Destination"]
    for field, known in _OUTPUT.items():
        if (value := destination["S3OutputConfigurations"].get(field)) not in known:
            raise RefusedError("ValidationException", f"{field} is {value!r}; use one of {sorted(known)}")
    bucket, prefix = destination["S3Bucket"], destination["S3Prefix"]
    if prefix.startswith("/") or prefix.endswith("/"):
        raise RefusedError("ValidationException", f"S3Prefix {prefix!r} begins or ends with a slash")
    backends = (backend for partitions in list(s3_backends.values()) for backend in list(partitions.values()))
    owner = next((backend for backend in backends if bucket in backend.buckets), None)
    if owner is None:
        raise RefusedError("ValidationException", f"S3 bucket {bucket} does not exist")
    document = json.loads(owner.buckets[bucket].policy or '{"Statement": []}')
    context = {"aws:SourceAccount": account, "aws:SourceArn": arn}
    for action, key in (
        ("s3:GetBucketPolicy", ""),
        ("s3:PutObject", f"/{TEST_OBJECT}"),
        ("s3:PutObject", f"/{prefix}/{export['Name']}/data/0.parquet"),
    ):
        if not policies.trusts(document, action, (SERVICE,), context, f"arn:aws:s3:::{bucket}{key}"):
            raise RefusedError(
                "ValidationException",
                f"S3 bucket permission validation failed: {SERVICE} may not {action} on arn:aws:s3:::{bucket}{key}",
            )
    owner.put_object(bucket, TEST_OBJECT, b"")


def delete_export(account: str, arn: str) -> None:
    """Remove an export; what it has delivered stays."""
    _exports.get(account, {}).pop(arn, None)


def see_tags(account: str, *keys: str) -> None:
    """Let a payer account have seen tag keys on its resources, which it may then activate."""
    for key in keys:
        _tags.setdefault(account, {}).setdefault(key, CostAllocationTag(key))


def _list_exports(account: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "Exports": [
            {"ExportArn": arn, "ExportName": one["Name"], "ExportStatus": {"StatusCode": "HEALTHY"}}
            for arn, one in _exports.get(account, {}).items()
        ]
    }


def _get_export(account: str, given: dict[str, Any]) -> dict[str, Any]:
    found = _exports.get(account, {}).get(given["ExportArn"])
    if found is None:
        raise RefusedError("ResourceNotFoundException", f"There is no export {given['ExportArn']}")
    return {"Export": found, "ExportStatus": {"StatusCode": "HEALTHY"}}


def _list_tags(account: str, given: dict[str, Any]) -> dict[str, Any]:
    wanted = given.get("TagKeys")
    found = [tag for tag in _tags.get(account, {}).values() if not wanted or tag.key in wanted]
    found = [tag for tag in found if given.get("Status") in (None, tag.status)]
    return {"CostAllocationTags": [tag.described() for tag in found]}


def _update_tags(account: str, given: dict[str, Any]) -> dict[str, Any]:
    errors = []
    for wanted in given["CostAllocationTagsStatus"]:
        tag = _tags.get(account, {}).get(wanted["TagKey"])
        if tag is None:
            errors.append({"TagKey": wanted["TagKey"], "Code": "TagKeyNotFound", "Message": "Tag keys not found"})
        else:
            tag.status = wanted["Status"]
    return {"Errors": errors}


_ACTIONS: dict[str, tuple[str, Callable[[str, dict[str, Any]], dict[str, Any]]]] = {
    "ListExports": ("bcm-data-exports:ListExports", _list_exports),
    "GetExport": ("bcm-data-exports:GetExport", _get_export),
    "ListCostAllocationTags": ("ce:ListCostAllocationTags", _list_tags),
    "UpdateCostAllocationTagsStatus": ("ce:UpdateCostAllocationTagsStatus", _update_tags),
}


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes] | None:
    """The answer to a call of these APIs; None for any other request."""
    if not environ.get("HTTP_X_AMZ_TARGET", "").startswith(_TARGETS):
        return None
    request = Request.read(environ)
    if request.operation not in _ACTIONS:
        return None
    action, do = _ACTIONS[request.operation]
    try:
        if not iam.allowed(request.access_key, action, "*"):
            raise RefusedError("AccessDeniedException", f"User is not authorized to perform: {action}")
        status, told = "200 OK", do(request.account, json.loads(request.body or b"{}"))
    except RefusedError as error:
        status, told = "400 Bad Request", {"__type": error.code, "message": str(error)}
    body = json.dumps(told).encode()
    start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))])
    return [body]
