"""Bills after public bug reports: each is delivered step by step, and gives what its case says is right."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lake.configuration import Bill
from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    FOCUS_ROW,
    csv_bytes,
    let_pass,
    put,
    remove,
    run,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.conftest import rows

FOLDER = Path(__file__).parents[3] / "data" / "bill_cases"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/case.json"))
FAILING = Bill("failing", "focus", "bills/failing/")


@dataclass(frozen=True)
class Ended:
    """What a reader of the lake finds after the last step, and everything that was said in any."""

    rows: int
    billed: Decimal
    amortized: Decimal
    net: Decimal
    env: dict[str, Decimal]
    told: str


def delivered(lake: Lake, case: dict[str, Any], folder: Path) -> Ended:
    """Deliver each step and run twice, as a run that failed is retried; another bill fails in every one."""
    bill = Bill("case", case["format"], "bills/case/")
    lake = with_bills(lake, bill, FAILING)
    put(lake, f"{FAILING.prefix}x.csv", csv_bytes(FOCUS_ROW | {"BillingCurrency": "CNY"}))
    for step in case["steps"]:
        let_pass(lake, timedelta(days=1))
        for key, file in step:
            if file is None:
                remove(lake, f"{bill.prefix}{key}")
            else:
                body = (folder / file).read_bytes()
                put(lake, f"{bill.prefix}{key}", body.replace(b"PREFIX", bill.prefix.encode()))
        for _ in range(2):
            run(lake)
    events = seen(lake)
    env: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in events.to_pylist():
        if row["env"]:
            env[row["env"]] += row["value"]
    told = " | ".join(row["error_message"] or "" for row in rows(lake, "collector_runs"))
    return Ended(
        len(events), total(events), total(events, "amortized_cost_usd"), total(events, "net_cost_usd"), dict(env), told
    )


@pytest.mark.parametrize("name", CASES)
def test_a_bill_that_others_read_wrongly(make_lake: Callable[..., Lake], name: str) -> None:
    case = json.loads((FOLDER / name / "case.json").read_text(encoding="utf-8"))
    ended, expected = delivered(make_lake(), case, FOLDER / name), case["expected"]
    refusal = expected.get("error") or expected.get("error_ok") or expected.get("may_refuse")
    if ended.rows == 0 and expected["rows"]:
        assert refusal, ended.told
        assert refusal in ended.told
        return
    assert (ended.rows, ended.billed) == (expected["rows"], Decimal(expected["billed"])), ended.told
    for column in ("amortized", "net"):
        if column in expected:
            assert getattr(ended, column) == Decimal(expected[column])
    if "env" in expected:
        assert ended.env == {value: Decimal(cost) for value, cost in expected["env"].items()}
    assert expected.get("error", "") in ended.told
