"""Files of one bill that repeat each other's charges: each charge counts once, or an outcome says why it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.bills.sketches import MOST, Sketch
from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    FOCUS,
    FOCUS_ROW,
    csv_bytes,
    let_pass,
    put,
    remove,
    run,
    s3_error,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.conftest import rows

MakeLake = Callable[..., Lake]


def charge(day: int, sku: str, cost: str = "1") -> dict[str, str]:
    return FOCUS_ROW | {"ChargePeriodStart": f"2026-11-{day:02d}T00:00:00Z", "SkuId": sku, "BilledCost": cost}


def deliver(lake: Lake, name: str, *charges: dict[str, str]) -> Any:
    let_pass(lake, timedelta(days=1))
    put(lake, f"bills/azure/{name}.csv", csv_bytes(*charges))
    return run(lake)


def ends(lake: Lake) -> dict[str, str | None]:
    return {row["aws_account_id"]: row["error_code"] for row in rows(lake, "collector_runs")}


FIRST = [charge(1, "a"), charge(2, "b", "2")]


def test_a_month_to_date_under_a_new_name_each_day_counts_once(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "to-02", *FIRST)
    second = deliver(lake, "to-03", *FIRST, charge(3, "c", "4"))
    assert (second.failures, total(seen(lake))) == ([], 7)
    assert "to-02.csv: bills/azure/to-03.csv holds its charges, too, and is newer" in second.warnings[0]
    assert ends(lake)["to-02.csv"] == "Superseded"
    again = run(lake)
    assert (again.published, again.warnings, sorted(again.unchanged)) == ({}, [], ["azure.to-02.csv", "azure.to-03.csv"])
    assert ends(lake)["to-02.csv"] == "Superseded"
    third = deliver(lake, "to-04", *FIRST, charge(3, "c", "4.5"), charge(4, "d"))
    assert (third.failures, total(seen(lake))) == ([], Decimal("8.5")), "the third day is restated"


def test_days_that_were_restated_whole_are_told_as_the_same(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "to-01", charge(1, "a", "1"))
    deliver(lake, "to-02", charge(1, "a", "1.7"), charge(2, "b", "2"))
    assert total(seen(lake)) == Decimal("3.7")


def test_files_that_came_at_once_count_once_whatever_their_order(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/z.csv", csv_bytes(*FIRST))
    let_pass(lake, timedelta(days=1))
    put(lake, "bills/azure/a.csv", csv_bytes(*FIRST, charge(3, "c", "4")))
    assert run(lake).failures == []
    assert total(seen(lake)) == 7
    assert run(lake).published == {}


def test_an_older_file_counts_again_when_the_newer_one_is_gone(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "old", *FIRST)
    deliver(lake, "new", *FIRST, charge(3, "c", "4"))
    remove(lake, "bills/azure/new.csv")
    run(lake)
    assert total(seen(lake)) == 3
    assert run(lake).published == {}


def test_a_file_that_shares_some_charges_is_refused_with_the_other_named(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "first", *FIRST)
    (failure,) = deliver(lake, "second", charge(2, "b", "2"), charge(3, "c")).failures
    assert "bills/azure/second.csv: repeats charges of bills/azure/first.csv, which would count twice" in failure
    assert "deliver each state of a month under the same name" in failure
    assert total(seen(lake)) == 3


def test_a_renamed_file_is_published_under_its_new_name(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "old", *FIRST)
    remove(lake, "bills/azure/old.csv")
    renamed = deliver(lake, "new", *FIRST)
    assert (renamed.failures, total(seen(lake))) == ([], 3)


def test_files_of_other_days_or_subjects_stand_beside_each_other(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "a", *FIRST)
    deliver(lake, "b", charge(3, "a"), charge(4, "b"))
    deliver(lake, "c", charge(1, "other"), charge(2, "another"))
    assert (run(lake).failures, total(seen(lake))) == ([], 7)


def test_large_files_are_told_by_a_sample(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    month = [charge(day, f"sku{number}") for day in (1, 2) for number in range(500)]
    deliver(lake, "a", *month)
    deliver(lake, "b", *[charge(1, f"new{number}") for number in range(500)])
    later = deliver(lake, "c", *month, charge(3, "c"))
    assert (later.failures, total(seen(lake))) == ([], 1501)


def test_a_run_that_dies_between_old_and_new_is_repaired_by_the_next(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "old", *FIRST)
    let_pass(lake, timedelta(days=1))
    put(lake, "bills/azure/new.csv", csv_bytes(*FIRST, charge(3, "c", "4")))

    class Dying:
        """A Glue client that repoints partitions, and fails when a new one of costs is made."""

        def __getattr__(self, name: str) -> Any:
            return getattr(lake.glue, name)

        def batch_create_partition(self, **request: Any) -> Any:
            if request["TableName"] == "resource_events":
                raise s3_error("InternalServiceException")
            return lake.glue.batch_create_partition(**request)

    assert run(replace(lake, glue=Dying())).failures  # type: ignore[arg-type]
    assert total(seen(lake)) == 0, "nothing counts twice, though it is left out for an hour"
    run(lake)
    assert total(seen(lake)) == 7


def test_a_withdrawal_keeps_its_evidence_when_its_run_is_retried(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    deliver(lake, "a", charge(1, "a"))
    deliver(lake, "b", charge(2, "b"))
    put(lake, "bills/azure/bad.csv", csv_bytes(FOCUS_ROW | {"BilledCost": "x"}))
    remove(lake, "bills/azure/b.csv")
    first = run(lake)
    assert first.failures
    assert "b.csv is no longer delivered" in first.warnings[0]
    again = run(lake)
    assert again.failures
    assert again.warnings == [], "the alarm rings once"
    assert ends(lake)["b.csv"] == "Withdrawn"


@contextmanager
def nothing_published(lake: Lake) -> Iterator[Lake]:
    """The lake without anything of an earlier example."""
    remove(lake, "")
    table, database = lake.catalog.table("outlay.resource_events"), lake.environment.database("outlay")
    for partition in list(lake.partitions(table).all()):
        lake.glue.delete_partition(DatabaseName=database, TableName=table.name, PartitionValues=list(partition.values))
    yield lake


charges = st.builds(charge, st.integers(1, 4), st.sampled_from("abcdef"), st.sampled_from(["1", "2.5", "-3"]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(month=st.lists(charges, min_size=1, max_size=10), files=st.data())
def test_any_split_of_a_month_into_files_counts_each_charge_once_or_says_so(
    make_lake: MakeLake, month: list[dict[str, str]], files: st.DataObject
) -> None:
    """Files hold any part of the month, each charge is in one at least; they come one by one, under any names."""
    numbers = range(len(month))
    parts = files.draw(st.lists(st.sets(st.sampled_from(numbers)), min_size=1, max_size=3))
    parts.append(set(numbers) - set().union(*parts))
    whole = Counter(tuple(sorted(one.items())) for one in month)
    with nothing_published(with_bills(make_lake(), FOCUS)) as lake:
        told: list[str] = []
        for number, part in enumerate(filter(None, files.draw(st.permutations(parts)))):
            done = deliver(lake, f"{'zxay'[number]}{number}", *[month[index] for index in sorted(part)])
            told += [*done.failures, *done.warnings]
        billed = sum((Decimal(dict(one)["BilledCost"]) * times for one, times in whole.items()), Decimal(0))
        assert told or total(seen(lake)) == billed
        assert seen(lake).num_rows <= len(month), "nothing counts twice"


def test_a_sketch_in_every_partition_is_far_smaller_than_glue_allows() -> None:
    empty = Sketch.from_text("")
    entries = np.zeros(1000, empty.entries.dtype)
    text = empty.with_more(entries).to_text()
    assert len(Sketch.from_text(text).entries) == MOST
    assert len(text) < 4_000
