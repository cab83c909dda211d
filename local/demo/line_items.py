"""Line items in two parts: what stays the same from day to day, kept once, and what moves, gathered a day at a time."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from local.demo.company import ACCOUNTS, CENTRAL
from local.demo.cur_schema import CUR2_SCHEMA

AMOUNTS = ("line_item_usage_amount", "line_item_unblended_cost", "line_item_net_unblended_cost")
SAVINGS_PLAN_AMOUNTS = (
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)
MOVING = AMOUNTS + SAVINGS_PLAN_AMOUNTS
NAMES = {account.account_id: account.name for account in ACCOUNTS}
# What every line of the company's bill says.
COMMON: dict[str, Any] = {
    "bill_bill_type": "Anniversary",
    "bill_billing_entity": "AWS",
    "bill_invoicing_entity": "Amazon Web Services, Inc.",
    "bill_payer_account_id": CENTRAL.account_id,
    "bill_payer_account_name": CENTRAL.name,
    "line_item_currency_code": "USD",
    "line_item_legal_entity": "Amazon Web Services, Inc.",
    "pricing_currency": "USD",
    "cost_category": [],
    "discount": [],
}


@dataclass
class Lines:
    """Line items of one billing period: the number of each one's static line, its day's offset, and its amounts."""

    line: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    moving: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in MOVING})

    def add(self, line: int, offset: int, quantity: float, cost: float, net: float, **savings_plan: float) -> None:
        """Add one; savings_plan names columns of SAVINGS_PLAN_AMOUNTS."""
        self.line.append(line)
        self.offset.append(offset)
        for name, amount in zip(AMOUNTS, (quantity, cost, net), strict=True):
            self.moving[name].append(amount)
        for name in SAVINGS_PLAN_AMOUNTS:
            self.moving[name].append(savings_plan.get(name))


class StaticLines:
    """The static parts of line items, numbered as they are added."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        kind: str,
        product: str,
        usage_type: str,
        account_id: str = CENTRAL.account_id,
        /,
        *,
        period: object = None,
        **more: Any,
    ) -> int:
        """Add a line of that type, product and usage type; more names further columns. Returns its number."""
        resource_id = more.get("line_item_resource_id")
        row = {
            "identity_line_item_id": _line_item_id(kind, product, usage_type, account_id, resource_id, period),
            "line_item_line_item_type": kind,
            "line_item_product_code": product,
            "line_item_usage_account_id": account_id,
            "line_item_usage_account_name": NAMES[account_id],
            "line_item_usage_type": usage_type,
            "product_servicecode": product,
        }
        self._rows.append(COMMON | row | more)
        return len(self._rows) - 1

    def account_of(self, line: int) -> str:
        """The account that a line charges."""
        return str(self._rows[line]["line_item_usage_account_id"])

    def table(self) -> pa.Table:
        """The lines as Arrow, in CUR 2.0's columns without the moving ones."""
        return pa.Table.from_pylist(self._rows, pa.schema([f for f in CUR2_SCHEMA if f.name not in MOVING]))


def _line_item_id(*identity: object) -> str:
    """52 characters of base 32, as AWS's ids look."""
    digest = hashlib.sha256("\x1f".join(map(str, identity)).encode()).digest()
    return b32encode(digest).decode().lower().rstrip("=")
