"""Charges that would count twice, and deliveries that are gone: one total, told in words, and undone by tidying up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lake.lake import Lake
from lake.partitions import Partition, Partitions
from lake.relations import Table
from rollups.housekeeping import Housekeeping
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    Export,
    csv_bytes,
    cur_table,
    failing,
    let_pass,
    line,
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
OLD, NEW = "bills/aws/harbor/", "bills/aws/harbor-v2/"


def days(lake: Lake) -> list[str]:
    """The days that have a partition of costs, filled or not."""
    table = lake.catalog.table("outlay.resource_events")
    found = Partitions(lake.glue, lake.environment.database("outlay"), table).all()
    return sorted(partition.values[2] for partition in found)


def test_an_export_that_was_made_anew_counts_once_and_deleting_the_old_one_lets_it_in(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    old, new = Export(lake), Export(lake, name="harbor-v2")
    old.deliver(cur_table([line(month=10, cost=100)]), month=10)
    old.deliver(cur_table([line(day=1, cost=1), line(day=2, cost=1)]))
    run(lake)
    new.deliver(cur_table([line(day=1, cost=1), line(day=3, cost=2)]))
    both = run(lake)
    (failure,) = both.failures
    assert "bill aws: the exports harbor and harbor-v2 deliver 2026-11 each" in failure
    assert "a bill of its own in config/bills.yaml, or delete the files of one" in failure
    assert total(seen(lake)) == 102
    told = {(row["aws_account_id"], row["aws_region"]): row["status"] for row in rows(lake, "collector_runs")}
    assert told == {
        ("aws", ""): "ok",
        ("harbor", "2026-10"): "ok",
        ("harbor", "2026-11"): "failed",
        ("harbor-v2", "2026-11"): "failed",
    }

    for kind in ("data", "metadata"):
        remove(lake, f"{OLD}{kind}/BILLING_PERIOD=2026-11/")
    mended = run(lake)
    assert (mended.published, mended.failures) == ({"aws.harbor-v2.2026-11": 2}, [])
    assert total(seen(lake)) == 103
    assert days(lake) == ["2026-10-01", "2026-11-01", "2026-11-01", "2026-11-02", "2026-11-03"]
    (warning,) = mended.warnings
    assert "bill aws: harbor 2026-11 is no longer delivered, and its charges were withdrawn" in warning
    withdrawn = [row for row in rows(lake, "collector_runs") if row["error_code"] == "Withdrawn"]
    assert [(row["aws_account_id"], row["aws_region"], row["status"]) for row in withdrawn] == [("harbor", "2026-11", "ok")]
    assert run(lake).warnings == [], "it is told once"


def test_a_month_that_is_put_back_counts_again(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]))
    export.deliver(cur_table([line(month=10, cost=2)]), month=10)
    run(lake)
    for kind in ("data", "metadata"):
        remove(lake, f"{OLD}{kind}/BILLING_PERIOD=2026-10/")
    run(lake)
    assert total(seen(lake)) == 1
    export.deliver(cur_table([line(month=10, cost=2)]), month=10)
    back = run(lake)
    assert (total(seen(lake)), back.warnings) == (3, [])


def test_housekeeping_asks_again_before_it_deletes_what_was_published_meanwhile(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]))
    run(lake)
    table = lake.catalog.table("outlay.resource_events")
    before = list(lake.partitions(table).all())
    export.deliver(cur_table([line(cost=2)]))
    run(lake)
    later = datetime.now(UTC) + timedelta(days=8)

    class Stale(Partitions):
        """Partitions as they were before the second publication, where all are asked for."""

        def all(self, expression: str = "") -> Iterator[Partition]:
            return iter(before) if "collector" not in expression else super().all(expression)

    class StaleLake(Lake):
        def partitions(self, table: Table) -> Partitions:
            kind = Stale if table.name == "resource_events" else Partitions
            return kind(self.glue, self.environment.database(table.database), table)

    stale = StaleLake(lake.s3, lake.glue, lake.environment, lake.catalog, lake.configuration)
    keeping = Housekeeping(stale)
    found = keeping._superseded_bills(table, later)
    assert [unread.folder for unread in found] == [next(iter(lake.partitions(table).all())).folder]
    assert [keeping._delete_unread(table, unread) for unread in found] == [0]
    assert total(seen(lake)) == 2
    assert (
        sum(Housekeeping(lake)._delete_unread(table, one) for one in Housekeeping(lake)._superseded_bills(table, later)) == 1
    )
    assert total(seen(lake)) == 2


def test_a_prefix_under_which_nothing_lies_withdraws_nothing(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line(cost=1)]))
    run(lake)
    remove(lake, CUR.prefix)
    (failure,) = run(lake).failures
    assert "what was published before stands (deliveries: 1): put them back" in failure
    assert total(seen(lake)) == 1


def test_a_month_that_expired_in_its_bucket_stands_unless_another_export_delivers_it(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    old, long_ago = Export(lake), datetime(2025, 5, 3)  # noqa: DTZ001
    old.deliver(cur_table([line(cost=1)]))
    old.deliver(cur_table([line(cost=5, line_item_usage_start_date=long_ago)]), year=2025, month=5)
    run(lake)
    for kind in ("data", "metadata"):
        remove(lake, f"{OLD}{kind}/BILLING_PERIOD=2025-05/")
    assert run(lake).warnings == []
    assert total(seen(lake)) == 6
    again = cur_table([line(cost=5.5, line_item_usage_start_date=long_ago)])
    Export(lake, name="harbor-v2").deliver(again, year=2025, month=5)
    run(lake)
    assert total(seen(lake)) == Decimal("6.5")


def test_a_focus_file_that_is_taken_away_no_longer_counts(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/right.csv", csv_bytes(FOCUS_ROW))
    put(lake, "bills/azure/wrong.csv", csv_bytes(FOCUS_ROW | {"BilledCost": "7", "SubAccountId": "0456"}))
    run(lake)
    remove(lake, "bills/azure/wrong.csv")
    done = run(lake)
    assert total(seen(lake)) == Decimal("1.5")
    assert "bill azure: wrong.csv is no longer delivered" in done.warnings[0]


def test_a_focus_file_sent_again_under_another_name_counts_once(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/nov.csv", csv_bytes(FOCUS_ROW))
    run(lake)
    put(lake, "bills/azure/again.csv", csv_bytes(FOCUS_ROW))
    # Sent once more under its own name, it is now the younger of the two.
    let_pass(lake, timedelta(days=1))
    put(lake, "bills/azure/nov.csv", csv_bytes(FOCUS_ROW))
    done = run(lake)
    assert total(seen(lake)) == Decimal("1.5")
    (failure,) = done.failures
    assert "bill azure, file bills/azure/again.csv: has the same content as bills/azure/nov.csv" in failure
    assert "delete one of the two" in failure
    remove(lake, "bills/azure/nov.csv")
    assert run(lake).failures == []
    assert total(seen(lake)) == Decimal("1.5")


def test_files_without_charges_may_be_equal(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    for name in ("subscription-1.csv", "subscription-2.csv"):
        put(lake, f"bills/azure/{name}", csv_bytes(FOCUS_ROW).splitlines()[0] + b"\n")
    assert run(lake).failures == []


def test_charges_that_cannot_be_withdrawn_are_a_failure_and_the_next_run_withdraws_them(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    for name in ("right.csv", "wrong.csv"):
        put(lake, f"bills/azure/{name}", csv_bytes(FOCUS_ROW | {"ServiceName": name}))
    run(lake)
    remove(lake, "bills/azure/wrong.csv")
    done = run(replace(lake, glue=failing(lake.glue, "batch_update_partition", s3_error("ThrottlingException"))))
    assert "bill azure, file wrong.csv: ThrottlingException" in done.failures[0]
    assert total(seen(lake)) == 3
    run(lake)
    assert total(seen(lake)) == Decimal("1.5")
