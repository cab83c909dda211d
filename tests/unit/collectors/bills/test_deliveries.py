"""Deliveries: what is published when a bill is delivered once, again, in part, or while a run dies."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import EndpointConnectionError

from collectors.bills import run as bills_run
from collectors.bills.days import DaySpools
from collectors.bills.repeats import FIRST_LOOK
from lake.configuration import Account, Bill
from lake.errors import BillError
from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    GROUPING,
    Export,
    csv_bytes,
    cur_table,
    failing,
    let_pass,
    line,
    objects_under,
    parquet,
    put,
    run,
    s3_error,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.conftest import objects, rows

MakeLake = Callable[..., Lake]
FIVE_HOURS = timedelta(hours=5)


def ends(lake: Lake) -> list[dict[str, Any]]:
    """How the deliveries ended, without the bills' own rows."""
    return [row for row in rows(lake, "collector_runs") if row["aws_region"]]


class DyingError(BaseException):
    """The function is killed: no handler catches it."""


class Dying:
    """A Glue client whose process is killed when it has repointed so many partitions."""

    def __init__(self, glue: Any, publications: int) -> None:
        self._glue, self._left = glue, publications

    def batch_update_partition(self, *, Entries: list[Any], **where: Any) -> Any:  # noqa: N803
        if self._left:
            self._glue.batch_update_partition(**where, Entries=Entries[: self._left])
        raise DyingError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._glue, name)


@pytest.mark.parametrize("keeps_all", [False, True], ids=["overwritten", "kept"])
def test_four_growing_deliveries_end_at_the_last_total(make_lake: MakeLake, keeps_all: bool) -> None:
    lake = with_bills(make_lake(), CUR)
    export, lines = Export(lake, keeps_all=keeps_all), []
    for number in range(1, 5):
        lines = [item | {"line_item_unblended_cost": round(item["line_item_unblended_cost"] + 0.1, 2)} for item in lines]
        lines += [line(day=number, cost=number + 0.01), line(day=number, cost=0.1)]
        export.deliver(cur_table(lines[:2]), cur_table(lines[2:]))
        assert run(lake).published == {"aws.harbor.2026-11": len(lines)}
        expected = sum((Decimal(repr(item["line_item_unblended_cost"])) for item in lines), Decimal(0))
        assert total(seen(lake)) == expected
        assert len(set(seen(lake)["event_id"].to_pylist())) == len(lines)


@pytest.mark.parametrize("keeps_all", [False, True], ids=["overwritten", "kept"])
def test_data_without_its_manifest_changes_nothing(make_lake: MakeLake, keeps_all: bool) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake, keeps_all=keeps_all)
    export.deliver(cur_table([line(cost=1)]), with_manifest=False)
    assert run(lake).published == {}
    export.deliver(cur_table([line(cost=2)]))
    let_pass(lake, FIVE_HOURS)
    run(lake)
    export.deliver(cur_table([line(cost=4)]), cur_table([line(cost=8)]), with_manifest=False)
    assert run(lake).published == {}
    assert total(seen(lake)) == 2


def test_a_first_run_reads_nothing_that_the_next_delivery_has_begun_to_overwrite(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    manifest = export.deliver(cur_table([line(cost=1)]), cur_table([line(cost=2)]))
    let_pass(lake, FIVE_HOURS)
    export.deliver(cur_table([line(cost=10)]), with_manifest=False)
    done = run(lake)
    assert (done.published, done.failures) == ({}, [])
    assert manifest in done.skipped[0]
    assert "harbor-00001.snappy.parquet is newer, so the next delivery is under way" in done.skipped[0]
    (told,) = ends(lake)
    assert (told["status"], told["error_code"], told["error_message"]) == ("skipped", "Unfinished", done.skipped[0])
    export.deliver(cur_table([line(cost=10)]), cur_table([line(cost=20)]))
    run(lake)
    assert total(seen(lake)) == 30


def test_a_new_grouping_does_not_read_a_half_overwritten_bill(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]), cur_table([line(cost=2)]))
    let_pass(lake, FIVE_HOURS)
    run(lake)
    export.deliver(cur_table([line(cost=10)]), with_manifest=False)
    regrouped = replace(lake, configuration=replace(lake.configuration, grouping=GROUPING | {"customer": ("tenant",)}))
    assert run(regrouped).published == {}
    assert total(seen(lake)) == 3


def test_data_that_is_copied_after_its_manifest_is_read_once_it_is_there(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]))
    run(lake)
    let_pass(lake, FIVE_HOURS)
    data = "bills/aws/harbor/data/BILLING_PERIOD=2026-11/harbor-00001.snappy.parquet"
    export.deliver(executionId="2", dataFiles=[f"s3://elsewhere/{data}"])
    let_pass(lake, FIVE_HOURS)
    run(lake)
    assert total(seen(lake)) == 1
    put(lake, data, parquet(cur_table([line(cost=4)])))
    assert run(lake).skipped, "it cannot be told from a delivery that has just begun"
    let_pass(lake, timedelta(hours=1), under=data)
    run(lake)
    assert total(seen(lake)) == 4
    assert run(lake).unchanged == ["aws.harbor.2026-11"]


def test_a_bill_whose_files_were_copied_in_any_order_is_read(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake, keeps_all=True)
    manifest = export.deliver(cur_table([line(cost=1)]))
    for key in objects_under(lake, CUR.prefix):
        if key != manifest:
            let_pass(lake, timedelta(minutes=10))
            put(lake, key, objects_under(lake, CUR.prefix)[key])
    assert run(lake).published == {}
    let_pass(lake, timedelta(hours=1))
    assert run(lake).published == {"aws.harbor.2026-11": 1}


def test_the_same_delivery_twice_is_read_once(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line(day=1), line(day=2)]))
    run(lake)
    before = objects(lake, "resource_events")
    again = run(replace(lake, glue=Dying(lake.glue, 0)))
    assert again.unchanged == ["aws.harbor.2026-11"]
    assert objects(lake, "resource_events") == before
    assert [row["event_count"] for row in ends(lake)] == [2]


@pytest.mark.parametrize("publications", [0, 1, 2])
def test_a_run_killed_while_publishing_is_repaired_by_the_next(make_lake: MakeLake, publications: int) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(day=1, cost=1), line(day=2, cost=1)]))
    run(lake)
    export.deliver(cur_table([line(day=1, cost=4), line(day=2, cost=4), line(day=3, cost=4)]))
    with pytest.raises(DyingError):
        run(replace(lake, glue=Dying(lake.glue, publications)))
    assert total(seen(lake)) == 2 + 3 * publications
    run(lake)
    assert total(seen(lake)) == 12
    assert run(lake).published == {}


def test_a_day_that_a_restatement_lacks_is_published_empty(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(day=1, cost=5), line(day=2, cost=1)]))
    run(lake)
    export.deliver(cur_table([line(day=2, cost=2)]))
    run(lake)
    assert total(seen(lake)) == 2
    assert seen(lake)["event_date"].to_pylist() == ["2026-11-02"]
    assert run(lake).published == {}


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_an_empty_bill_is_a_bill(make_lake: MakeLake, name: str) -> None:
    lake = with_bills(make_lake(), FOCUS)
    full, empty = csv_bytes(FOCUS_ROW), csv_bytes(FOCUS_ROW).splitlines()[0] + b"\n"
    if name == "a.parquet":
        full, empty = (parquet(pa.Table.from_pylist([FOCUS_ROW]).slice(0, rows)) for rows in (1, 0))
    put(lake, f"bills/azure/{name}", empty)
    assert run(lake).published == {f"azure.{name}": 0}
    put(lake, f"bills/azure/{name}", full)
    run(lake)
    put(lake, f"bills/azure/{name}", empty)
    run(lake)
    assert seen(lake).num_rows == 0
    assert run(lake).unchanged == [f"azure.{name}"]


def test_months_do_not_overwrite_each_others_days(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(day=1, cost=1)]))
    # A charge of the month before that is dated in this one.
    export.deliver(cur_table([line(day=1, cost=2), line(day=31, month=10, cost=4)]), month=10)
    run(lake)
    export.deliver(cur_table([line(day=1, cost=8)]))
    run(lake)
    assert total(seen(lake)) == 14


def test_a_new_grouping_or_account_default_is_applied_to_what_was_delivered(make_lake: MakeLake) -> None:
    account = Account("111111111111", "Harbor", role="production", defaults={"env": "live", "customer": "nobody"})
    lake = with_bills(make_lake(account), CUR)
    Export(lake).deliver(cur_table([line(), line(resource_tags=None)]))
    run(lake)
    assert sorted(seen(lake)["customer"].to_pylist()) == ["acme", "nobody"]
    assert set(seen(lake)["env"].to_pylist()) == {"live"}
    assert set(seen(lake)["account_role"].to_pylist()) == {"production"}
    regrouped = with_bills(lake, CUR)
    regrouped = replace(regrouped, configuration=replace(regrouped.configuration, grouping=GROUPING | {"env": ("NAME",)}))
    assert run(regrouped).published
    assert sorted(seen(lake)["env"].to_pylist()) == ["live", "web-1"]


def test_focus_files_stand_beside_each_other_and_restate_themselves(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/a b.csv", csv_bytes(FOCUS_ROW, FOCUS_ROW))
    put(lake, "bills/azure/a_b.csv", csv_bytes(FOCUS_ROW | {"SubAccountId": "0456"}))
    put(lake, "bills/azure/notes/", b"")
    assert sorted(run(lake).published.values()) == [1, 2]
    assert total(seen(lake)) == Decimal("4.5")
    assert len(set(seen(lake)["event_id"].to_pylist())) == 3
    put(lake, "bills/azure/a_b.csv", csv_bytes(FOCUS_ROW | {"SubAccountId": "0456", "BilledCost": "10"}))
    run(lake)
    assert total(seen(lake)) == 13


def test_a_focus_export_is_read_by_its_manifest(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    table = cur_table([]).from_pylist([FOCUS_ROW])
    Export(lake, FOCUS).deliver(table)
    assert run(lake).published == {"azure.harbor.2026-11": 1}


def test_a_bad_bill_stops_no_other_and_is_told_as_an_outcome(make_lake: MakeLake) -> None:
    nowhere = Bill("nowhere", "cur2", "exports/", bucket="outlay-no-such-bucket")
    lake = with_bills(make_lake(), nowhere, FOCUS, CUR)
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW))
    put(lake, "bills/azure/bad.csv", csv_bytes(FOCUS_ROW | {"BillingCurrency": "EUR"}))
    Export(lake).deliver(cur_table([line(cost=3)]))
    done = run(lake)
    assert total(seen(lake)) == Decimal("4.5")
    with pytest.raises(BillError, match=r"NoSuchBucket.*bad\.csv"):
        done.raise_if_failed()
    told = {(row["aws_account_id"], row["aws_region"]): row for row in rows(lake, "collector_runs")}
    assert told["harbor", "2026-11"]["status"] == told["good.csv", ""]["status"] == "ok"
    assert told["bad.csv", ""]["status"] == told["nowhere", ""]["status"] == "failed"
    assert "'EUR'" in told["bad.csv", ""]["error_message"]
    assert told["bad.csv", ""]["event_count"] == 0


@pytest.mark.parametrize(
    ("operation", "error", "status"),
    [
        ("download_file", s3_error("403"), "denied"),
        ("download_file", s3_error("SlowDown"), "throttled"),
        ("download_file", EndpointConnectionError(endpoint_url="s3"), "failed"),
        ("get_object", s3_error("InternalError"), "failed"),
        ("download_file", OSError(28, "No space left on device"), "failed"),
    ],
)
def test_a_cloud_that_fails_is_an_outcome_and_the_next_run_repairs(
    make_lake: MakeLake, operation: str, error: Exception, status: str
) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line(cost=3)]))
    done = run(replace(lake, s3=failing(lake.s3, operation, error)))
    assert [row["status"] for row in ends(lake)] == [status]
    assert "bill aws, file bills/aws/harbor" in done.failures[0]
    assert seen(lake).num_rows == 0
    run(lake)
    assert total(seen(lake)) == 3


def test_a_bill_that_cannot_be_looked_at_again_after_reading_is_not_published(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line(cost=3)]))

    class Tiring:
        """An S3 client that lists only until a file has been downloaded."""

        is_tired = False

        def __getattr__(self, name: str) -> Any:
            if name == "get_paginator" and self.is_tired:
                raise s3_error("SlowDown")
            return getattr(lake.s3, name)

        def download_file(self, bucket: str, key: str, path: str) -> None:
            lake.s3.download_file(bucket, key, path)
            self.is_tired = True

    run(replace(lake, s3=Tiring()))  # type: ignore[arg-type]
    assert [row["status"] for row in ends(lake)] == ["throttled"]
    assert seen(lake).num_rows == 0


def test_line_items_that_share_an_id_and_differ_all_count_under_ids_that_stay(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    same = [line(identity_line_item_id="x", cost=cost) for cost in (1, 2, 3)]
    other = line(identity_line_item_id="x", cost=1, line_item_usage_account_id="222222222222")
    export.deliver(cur_table(same[:2]), cur_table([same[2], line(cost=10), other]))
    assert run(lake).failures == []
    assert total(seen(lake)) == 17
    ids = set(seen(lake)["event_id"].to_pylist())
    assert len(ids) == 5
    export.deliver(cur_table([same[0]]))
    run(lake)
    assert set(seen(lake)["event_id"].to_pylist()) < ids


def test_a_data_file_that_was_delivered_twice_is_refused_before_the_rest_is_read(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    file = cur_table([line(day=day, cost=day) for day in (1, 2) for _ in range(FIRST_LOOK)])
    Export(lake).deliver(file, file, file.drop(["line_item_unblended_cost"]))
    (failure,) = run(lake).failures
    assert "harbor-00002.snappy.parquet, row 1: charge line" in failure
    assert "comes twice, equal in all that is kept of it, as more than one in a hundred do" in failure
    assert seen(lake).num_rows == 0


def test_rows_that_get_lost_on_the_way_keep_a_delivery_from_being_published(
    make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line(cost=1), line(cost=0)]))
    append, read = DaySpools.append, DaySpools.read
    with monkeypatch.context() as losing:
        losing.setattr(DaySpools, "append", lambda spools, rows: append(spools, rows.slice(1)))
        assert "2 rows of 1.000000000000 USD became 1 rows" in run(lake).failures[0]
    with monkeypatch.context() as losing:
        losing.setattr(DaySpools, "read", lambda spools, day: (rows.slice(1) for rows in read(spools, day)))
        assert "1 rows of 0 USD were written of 2 rows" in run(lake).failures[0]
    assert seen(lake).num_rows == 0


def test_what_there_is_no_time_for_is_left_to_the_next_run(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]))
    assert not run(lake, remaining_ms=1_000).is_complete
    assert seen(lake).num_rows == 0
    assert run(lake).is_complete


def test_a_bill_that_is_too_large_for_a_run_keeps_no_other_waiting_and_says_so(
    make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = with_bills(make_lake(), CUR, FOCUS)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1, month=10)]), month=10)
    export.deliver(cur_table([line(cost=2) for _ in range(500)]))
    put(lake, "bills/azure/other.csv", csv_bytes(FOCUS_ROW))
    monkeypatch.setattr(bills_run, "LARGE_BYTES", 12_000)

    class Overwhelmed:
        """An S3 client whose process is killed when it reads November."""

        def __getattr__(self, name: str) -> Any:
            return getattr(lake.s3, name)

        def download_file(self, bucket: str, key: str, path: str) -> None:
            if "2026-11" in key:
                raise DyingError
            lake.s3.download_file(bucket, key, path)

    with pytest.raises(DyingError):
        run(replace(lake, s3=Overwhelmed()))  # type: ignore[arg-type]
    assert total(seen(lake)) == Decimal("2.5")
    told = {(row["aws_account_id"], row["aws_region"]): row for row in rows(lake, "collector_runs")}
    assert {place: row["status"] for place, row in told.items() if all(place)} == {
        ("harbor", "2026-10"): "ok",
        ("harbor", "2026-11"): "failed",
    }
    assert told["other.csv", ""]["status"] == "ok"
    assert told["harbor", "2026-11"]["error_code"] == "Unended"
    assert "the run that began to read it did not end" in told["harbor", "2026-11"]["error_message"]
    assert not run(lake, remaining_ms=599_000).is_complete, "it is begun with much time only"
    assert run(lake).published == {"aws.harbor.2026-11": 500}
    assert [row["status"] for row in ends(lake)] == ["ok", "ok"]


@pytest.mark.parametrize("with_manifest", [True, False], ids=["as a whole", "its first data file"])
def test_a_bill_delivered_again_while_it_is_read_is_left_to_the_next_run(make_lake: MakeLake, with_manifest: bool) -> None:
    lake = with_bills(make_lake(), CUR)
    export = Export(lake)
    export.deliver(cur_table([line(cost=1)]))

    class Overtaking:
        def __getattr__(self, name: str) -> Any:
            return getattr(lake.s3, name)

        def download_file(self, bucket: str, key: str, path: str) -> None:
            lake.s3.download_file(bucket, key, path)
            export.deliver(cur_table([line(cost=2)]), with_manifest=with_manifest)

    assert "delivered again while it was read" in run(replace(lake, s3=Overtaking())).failures[0]  # type: ignore[arg-type]
    assert seen(lake).num_rows == 0
    let_pass(lake, timedelta(hours=1), under=CUR.prefix)
    run(lake)
    assert total(seen(lake)) == 2


def test_the_handler_answers_with_what_it_published_and_fails_after_the_rest(
    make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handlers import bills

    lake = with_bills(make_lake(), CUR, FOCUS)
    monkeypatch.setattr(bills, "_lake", lambda: lake)
    context = type(
        "Context",
        (),
        {
            "function_name": "bills",
            "memory_limit_in_mb": 1,
            "invoked_function_arn": "arn",
            "aws_request_id": "1",
            "get_remaining_time_in_millis": lambda self: 900_000,
        },
    )()
    Export(lake).deliver(cur_table([line()]))
    answer = bills.handler({"slot": "2026-11-20T09:00:00Z"}, context)
    assert json.loads(json.dumps(answer)) == {"published": {"aws.harbor.2026-11": 1}, "unchanged": 0, "is_complete": True}
    put(lake, "bills/azure/x.csv", b"no,bill\n1,2\n")
    with pytest.raises(BillError, match=r"bill azure, file bills/azure/x\.csv"):
        bills.handler({"slot": "2026-11-20T10:00:00Z"}, context)


def test_objects_are_read_by_query_engines_as_declared(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(cur_table([line()]))
    run(lake)
    (key,) = objects(lake, "resource_events")
    assert key.startswith("event_type=cost/collector=aws.harbor.2026-11/event_date=2026-11-01/publication=")
    schema = pq.read_schema(io.BytesIO(objects(lake, "resource_events")[key]))
    assert schema.equals(lake.catalog.table("outlay.resource_events").arrow_schema)
