"""What a bill lacks: nothing is delivered at all, or files lie where they are not read."""

from __future__ import annotations

from collections.abc import Collection

from collectors.bills.deliveries import Listing
from collectors.bills.formats import load_format
from lake.configuration import Bill
from lake.errors import BillError


class NothingDeliveredError(BillError):
    """Nothing under a bill's prefix is a delivery, though there should be."""


def lacking(bill: Bill, bucket: str, listing: Listing, charged: Collection[str]) -> str | None:
    """Why there is nothing to read, where nothing is delivered yet; None where something is. charged is what was published.

    Raises NothingDeliveredError where deliveries vanished or lie where they are not read; BillError for files of a folder of
    FOCUS files that are not read though others are. (An export's folder may hold what else its owner put there.)
    """
    ignored = f"{_files(listing.strays)} ignored, such as {listing.strays[0]}" if listing.strays else ""
    if listing.deliveries:
        if ignored and load_format(bill.format).takes_files:
            raise BillError(
                f"bill {bill.name}: {ignored}: a FOCUS file lies directly under {bill.prefix}, an export's data beside its "
                "manifest; move the others there, or out of the prefix"
            )
        return None
    missing = (
        f"bill {bill.name}: nothing is delivered under s3://{bucket}/{bill.prefix} (looked for: "
        f"{load_format(bill.format).looked_for}; other objects there: {listing.objects})"
    )
    if charged:
        raise NothingDeliveredError(
            f"{missing}; what was published before stands (deliveries: {len(charged)}): put them back, or mend prefix and "
            "bucket in config/bills.yaml"
        )
    if listing.other_format:
        raise NothingDeliveredError(
            f"{missing}; {load_format(listing.other_format).title} lies there: set format: {listing.other_format} for this "
            "bill in config/bills.yaml"
        )
    if ignored:
        files = "; a file directly under the prefix is read with format: focus" if _lies_open(bill, listing) else ""
        raise NothingDeliveredError(
            f"{missing}; {ignored}: mend format and prefix in config/bills.yaml, or move the files{files}"
        )
    return f"{missing}; a new export takes up to a day: if it takes longer, compare prefix and bucket in config/bills.yaml"


def _lies_open(bill: Bill, listing: Listing) -> bool:
    """Whether a stray lies directly under the prefix."""
    return any("/" not in key.removeprefix(bill.prefix) for key in listing.strays)


def _files(keys: Collection[str]) -> str:
    return "1 file is" if len(keys) == 1 else f"{len(keys)} files are"
