"""What follows an announcement, as bills are restated: resolved, withdrawn, open again, and the same finding under a new day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lake.configuration import Notifications
from notifiers.findings import Finding
from tests.unit.notifiers.conftest import Bench
from tests.unit.notifiers.examples import anomaly, violation

NOVEMBER = "1\u201320 Nov 2026"


def over(finding: Finding) -> Any:
    return replace(finding, status="resolved", resolved_day=date(2026, 11, 21))


def test_what_was_over_before_it_could_be_told_is_told_and_resolved(bench: Bench) -> None:
    bench.run(over(violation()))
    bench.run()
    assert [text.split(":")[0] for text in bench.texts()] == [
        f"$412.30 over the monthly budget in {NOVEMBER}",
        "Resolved on 21 Nov 2026",
    ]
    assert bench.slack.messages[1]["thread_ts"] == "1700000000.000001"


def test_what_was_over_long_before_it_could_be_told_is_history(bench: Bench) -> None:
    bench.run(replace(over(violation()), is_news=False))
    assert bench.slack.messages == []


def test_what_a_restated_bill_undoes_is_withdrawn_in_its_thread_once(bench: Bench) -> None:
    bench.run(violation(), anomaly())
    bench.run_on([anomaly()])
    bench.run_on([anomaly()])
    (note,) = bench.slack.messages[2:]
    assert (note["thread_ts"], note["channel"]) == ("1700000000.000001", "C1")
    assert note["text"].startswith(f"No longer so: $412.30 over the monthly budget in {NOVEMBER}: customer acme.")
    assert [row["kind"] for row in bench.rows() if row["finding_id"] == violation().finding_id] == ["opened", "withdrawn"]


def test_what_a_view_still_holds_is_not_withdrawn_however_long_it_is_over(bench: Bench) -> None:
    bench.run(violation())
    bench.standing = [violation().finding_id]
    bench.run_on([])
    assert len(bench.slack.messages) == 1


def test_a_finding_that_comes_back_after_it_was_called_over_is_said_to_be_open_again_once(bench: Bench) -> None:
    bench.run(violation())
    bench.run(over(violation()))
    bench.run(violation())
    bench.run(violation())
    again = bench.slack.messages[2:]
    assert [message["text"] for message in again] == [
        f"Open again: customer acme is $412.30 over the monthly budget in {NOVEMBER}"
    ]
    assert again[0]["thread_ts"] == "1700000000.000001"


@pytest.mark.parametrize(("first_day", "told"), [(16, 1), (18, 1), (20, 1), (23, 2)])
def test_a_breach_whose_first_day_a_restated_bill_moves_is_the_one_that_was_told(
    bench: Bench, first_day: int, told: int
) -> None:
    """From 18 November; earlier, a little later, and so much later that it is another one."""

    def daily(day: int) -> Finding:
        last = date(2026, 11, max(day, 20))
        name = f"violation/acme-daily/acme/2026-11-{day}"
        return violation(finding_id=name, period="daily", first_day=date(2026, 11, day), last_day=last)

    bench.run(daily(18))
    bench.run(daily(first_day))
    announced = [message for message in bench.slack.messages if "thread_ts" not in message]
    assert len(announced) == told
    bench.run(over(daily(first_day)))
    assert bench.slack.messages[-1]["thread_ts"] == f"1700000000.00000{1 if told == 1 else 2}"


def test_an_echo_of_what_is_not_worth_telling_is_told_itself(bench: Bench) -> None:
    bench.notifications = Notifications("#cloud-cost", Decimal(100))
    bench.run(anomaly("90", level="customer", ancestor_id="acme", finding_id="anomaly/acme/2026-11-19"), anomaly("125"))
    assert [text.split()[0] for text in bench.texts()] == ["$125.00"]


def test_an_echo_of_what_was_told_is_not_told_and_the_told_one_is_resolved(bench: Bench) -> None:
    bench.run(anomaly("125"))
    finer = anomaly(
        "120", level="customer", ancestor_id="acme", finding_id="anomaly/group/customer/acme/high_spend/2026-11-19"
    )
    bench.run(anomaly("125"), finer)
    bench.run(over(anomaly("125")), over(finer))
    assert [text.split()[0] for text in bench.texts()] == ["$125.00", "Resolved"]
