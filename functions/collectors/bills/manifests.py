"""Manifests: which data files make up a delivery.

Source: AWS Data Exports, "Understanding export delivery"; AWS Cost and Usage Reports, "Report versioning".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from collectors.bills.deliveries import FILE_ENDINGS, Delivery
from collectors.bills.formats import load_format
from collectors.bills.layouts import Layout
from lake.errors import RetriableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def data_files(s3: S3Client, delivery: Delivery) -> list[str]:
    """Keys of the files that make up a delivery, as its manifest lists them.

    Raises BillError for a manifest that is no manifest, lists nothing, a file twice or one that is not there, and for a file
    that is no bill; RetriableError where the manifest is another by now.
    """
    place = delivery.place
    if delivery.folder is None:
        if not delivery.key.lower().endswith(FILE_ENDINGS):
            raise place.error(None, f"is neither of {', '.join(FILE_ENDINGS)}", "move it out of the bill's prefix")
        return [delivery.key]
    layout, name = load_format(delivery.bill.format).layout, delivery.bill.format
    try:
        listed = json.loads(_body(s3, delivery)).get(layout.list_field)
    except (ValueError, AttributeError):
        raise place.error(None, "is no JSON object", "it is damaged: have the bill delivered again") from None
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
        remedy = "a manifest lists its data files there: have the bill delivered again"
        raise place.error(layout.list_field, f"is {str(listed)[:80]!r}", remedy)
    keys, there = [_key(one, delivery.folder, layout) for one in listed], delivery.etags
    for number, key in enumerate(keys):
        if key in keys[:number]:
            remedy = "its charges would count twice: have it delivered again"
            raise place.error(layout.list_field, f"lists {key} twice", remedy)
        if not key.lower().endswith(FILE_ENDINGS) or (name == "cur2" and not key.lower().endswith(".parquet")):
            raise place.error(layout.list_field, f"lists {key}", "choose Parquet as the export's file format")
        if key not in there:
            raise place.error(layout.list_field, f"lists {key}, which is not there", "have the bill delivered again")
    return keys


def overtaken(delivery: Delivery) -> RetriableError:
    """The error of a delivery that another one has replaced since it was listed: files of both may have been read."""
    return RetriableError(
        f"bill {delivery.bill.name}, file {delivery.key}: was delivered again while it was read; nothing was published, "
        "the next run reads it"
    )


def _body(s3: S3Client, delivery: Delivery) -> bytes:
    try:
        return s3.get_object(Bucket=delivery.bucket, Key=delivery.key, IfMatch=delivery.own.etag)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        raise overtaken(delivery) from error


def _key(listed: str, folder: str, layout: Layout) -> str:
    """The key of a data file beside its manifest, so that an export copied to another bucket can be read there."""
    match = layout.within.fullmatch(listed)
    return folder + match["data"] if match else re.sub(r"s3://[^/]+/", "", listed)
