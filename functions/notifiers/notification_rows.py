"""Rows of the table notifications: one object for each finding and kind, made from the delivery's receipt alone.

The same receipt always makes the same object under the same name, which is written only where it is missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from lake.ids import stable_id
from lake.lake import Lake
from lake.times import naive
from lake.writer import CODEC
from notifiers.receipts import Receipt


class NotificationRows:
    """Writes receipts into the lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._table = lake, lake.catalog.table("outlay.notifications")

    def write(self, receipts: Iterable[Receipt]) -> None:
        """Make sure that each receipt has its row, and each row's partition is registered."""
        days = set()
        for receipt in receipts:
            day = datetime.fromisoformat(receipt["sent_at"]).date().isoformat()
            self._put_if_absent(f"{self._table.folder(day)}{notification_id(receipt)}.parquet", self._object(receipt))
            days.add(day)
        for day in sorted(days):
            self._lake.register(self._table, day)

    def _object(self, receipt: Receipt) -> bytes:
        row = {
            **receipt,
            "notification_id": notification_id(receipt),
            "sent_at": naive(datetime.fromisoformat(receipt["sent_at"])),
        }
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([row], schema=self._table.arrow_schema), buffer, compression=CODEC)
        return buffer.getvalue()

    def _put_if_absent(self, key: str, body: bytes) -> None:
        try:
            self._lake.s3.put_object(Bucket=self._lake.bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise


def notification_id(receipt: Receipt) -> str:
    """The id of the message about a finding: the same finding and kind always have the same one."""
    return stable_id("notification", receipt["finding_id"], receipt["kind"])
