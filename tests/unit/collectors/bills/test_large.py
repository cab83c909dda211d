"""Bills that one run cannot read: gone on with file by file, put last, and refused where no run could ever end them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.bills import reading, under_way, whole
from collectors.bills import run as bills_run
from collectors.bills.run import BillRun, collect_bills
from lake.lake import Lake
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    SLOT,
    Export,
    csv_bytes,
    cur_table,
    line,
    objects_under,
    put,
    run,
    seen,
    total,
    with_bills,
)
from tests.unit.collectors.conftest import rows

MakeLake = Callable[..., Lake]
FILES = [[line(day=day, cost=day), line(day=day + 1, cost=0.5)] for day in (1, 2, 3)]


@pytest.fixture
def large(make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose bill is large: three data files, each with two days."""
    monkeypatch.setattr(bills_run, "LARGE_BYTES", 1)
    lake = with_bills(make_lake(), CUR)
    Export(lake).deliver(*[cur_table(lines) for lines in FILES])
    return lake


class DyingError(BaseException):
    """The function is killed."""


class Mortal:
    """An S3 client whose process is killed when it downloads once more than so often."""

    def __init__(self, lake: Lake, downloads: int) -> None:
        self._lake, self.left = lake, downloads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lake.s3, name)

    def download_file(self, *arguments: Any) -> None:
        if not self.left:
            raise DyingError
        self.left -= 1
        self._lake.s3.download_file(*arguments)


def killed_after(lake: Lake, downloads: int) -> None:
    with pytest.raises(DyingError):
        run(replace(lake, s3=Mortal(lake, downloads)))  # type: ignore[arg-type]


def for_a_while(lake: Lake, files: int) -> BillRun:
    """A run that has time for so many data files."""
    mortal = Mortal(lake, 99)
    return collect_bills(replace(lake, s3=mortal), SLOT, lambda: 900_000 if mortal.left > 99 - files else 200_000)  # type: ignore[arg-type]


def test_a_large_bill_is_published_with_its_last_file_and_not_before(large: Lake) -> None:
    first = for_a_while(large, 2)
    assert (first.failures, first.is_complete, seen(large).num_rows) == ([], False, 0)
    (told,) = [row for row in rows(large, "collector_runs") if row["aws_region"]]
    assert (told["status"], told["error_code"]) == ("skipped", "Unfinished")
    second = run(large)
    assert (second.failures, second.published) == ([], {"aws.harbor.2026-11": 6})
    assert total(seen(large)) == Decimal("7.5")
    assert len(set(seen(large)["event_id"].to_pylist())) == 6
    assert run(large).unchanged == ["aws.harbor.2026-11"]


def test_a_run_that_is_killed_is_gone_on_with(large: Lake) -> None:
    killed_after(large, 1)
    assert seen(large).num_rows == 0
    mortal = Mortal(large, 2)
    assert run(replace(large, s3=mortal)).published == {"aws.harbor.2026-11": 6}  # type: ignore[arg-type]
    assert total(seen(large)) == Decimal("7.5")


def test_parts_have_the_ids_that_the_whole_has(make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = with_bills(make_lake(), CUR)
    same = [line(cost=cost, identity_line_item_id="x") for cost in (4, 2)]
    Export(lake).deliver(cur_table([same[0], line(cost=1)]), cur_table([same[1], line(cost=1)]))
    run(lake)
    whole_ids = set(seen(lake)["event_id"].to_pylist())
    assert len(whole_ids) == 4
    monkeypatch.setattr(bills_run, "LARGE_BYTES", 1)
    other = {**lake.configuration.grouping, "env": ("x",)}
    assert run(replace(lake, configuration=replace(lake.configuration, grouping=other))).published
    assert {key.rpartition("/")[2] for key in objects_under(lake, "reading/")} >= {"0000.npz", "0001.npz"}
    assert set(seen(lake)["event_id"].to_pylist()) == whole_ids


def test_a_bill_that_changes_while_it_is_under_way_is_begun_anew(large: Lake) -> None:
    for_a_while(large, 1)
    Export(large).deliver(cur_table([line(cost=10)]), cur_table([line(cost=20)]))
    assert run(large).published == {"aws.harbor.2026-11": 2}
    assert total(seen(large)) == 30


def test_a_file_that_a_manifest_lists_under_two_names_is_refused(large: Lake) -> None:
    Export(large).deliver(cur_table(FILES[0]), cur_table(FILES[0]))
    (failure,) = run(large).failures
    assert "as every charge of this file does" in failure
    assert seen(large).num_rows == 0


def test_a_grouping_that_is_changed_and_changed_back_never_publishes_folders_again(large: Lake) -> None:
    other = replace(
        large, configuration=replace(large.configuration, grouping={**large.configuration.grouping, "env": ("x",)})
    )
    folders = []
    for lake in (large, other, large):
        assert run(lake).published
        folders.append(
            {partition.folder for partition in lake.partitions(lake.catalog.table("outlay.resource_events")).all()}
        )
    assert not folders[0] & folders[2]
    assert total(seen(large)) == Decimal("7.5")


def endless() -> bytes:
    """A million rows in a few kilobytes."""
    table = pa.Table.from_pylist([{name: value for name, value in FOCUS_ROW.items() if name != "Tags"}])
    sink = io.BytesIO()
    pq.write_table(table.take(pa.repeat(0, 100_000)), sink, compression="gzip")
    return sink.getvalue()


def test_a_small_file_of_endless_rows_is_refused_by_its_footer(make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 99_999)
    lake = with_bills(make_lake(), FOCUS)
    body = endless()
    assert len(body) < 20_000
    put(lake, "bills/azure/endless.parquet", body)
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW | {"SkuId": "x"}))
    (failure,) = run(lake).failures
    assert "endless.parquet: holds 100,000 rows, and one run reads 99,999; have the bill delivered in more files" in failure
    assert total(seen(lake)) == Decimal("1.5")


def test_endless_rows_in_many_small_files_take_one_run_a_part_at_a_time_and_then_go_last(
    make_lake: MakeLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    lake = with_bills(make_lake(), CUR, FOCUS)
    Export(lake).deliver(*[cur_table(lines) for lines in FILES])
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW))
    first = run(lake)
    assert (first.failures, first.published, first.is_complete) == ([], {"azure.good.csv": 1}, False)
    assert run(lake).published == {"aws.harbor.2026-11": 6}
    assert total(seen(lake)) == Decimal("9")


def test_a_bill_of_more_lines_than_memory_holds_is_refused(large: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "MOST_LINES", 5)
    (failure,) = run(large).failures
    assert "has more than 5 lines; have the bill delivered daily, not hourly" in failure
    assert seen(large).num_rows == 0


def test_equal_lines_of_a_part_are_told_by_the_run_that_publishes(large: Lake) -> None:
    twice = line(cost=1)
    Export(large).deliver(cur_table([twice, twice]), cur_table([line(cost=1)]))
    assert for_a_while(large, 1).warnings == []
    done = run(large)
    assert "1 of 2 charges come twice" in done.warnings[0]
    assert total(seen(large)) == 3


def test_what_a_run_has_no_time_for_is_left_to_the_next_without_a_failure(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/many.parquet", endless())
    done = collect_bills(lake, SLOT, iter([61_000, *[47_000] * 50]).__next__)
    assert (done.failures, done.is_complete) == ([], False)
    assert "too little time left" in done.skipped[0]


def test_what_was_begun_and_did_not_end_goes_last_and_is_refused_the_third_time(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR, FOCUS)
    Export(lake).deliver(cur_table([line(cost=1)]))
    killed_after(lake, 0)
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW))
    with pytest.raises(DyingError):
        run(replace(lake, s3=OnlyFocus(lake)))  # type: ignore[arg-type]
    assert total(seen(lake)) == Decimal("1.5"), "the other bill comes first"
    killed_after(lake, 0)
    (failure,) = run(lake).failures
    assert "was begun 3 times, and no run could end it; it is not begun again" in failure
    Export(lake).deliver(cur_table([line(cost=2)]))
    assert run(lake).failures == [], "another delivery is begun"


class OnlyFocus(Mortal):
    """An S3 client whose process is killed by the first bill."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake, 0)

    def download_file(self, bucket: str, key: str, path: str) -> None:
        if "harbor" in key:
            raise DyingError
        self._lake.s3.download_file(bucket, key, path)


def test_a_bill_with_an_error_is_not_taken_for_one_that_never_ends(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/bad.csv", csv_bytes(FOCUS_ROW | {"BilledCost": "x"}))
    for _ in range(under_way.MOST_ATTEMPTS + 2):
        (failure,) = run(lake).failures
        assert "'x' is no number" in failure


def test_half_a_character_from_outside_stops_no_other_bill(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR, FOCUS)
    manifest = Export(lake).deliver(cur_table([line()]))
    put(lake, manifest, b'{"dataFiles": ["s3://b/\\ud800.parquet"]}')
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW))
    (failure,) = run(lake).failures
    assert "lists \ufffd" in failure
    assert total(seen(lake)) == Decimal("1.5")
    assert objects_under(lake, "reading/")


def test_partitions_that_are_not_ours_stop_no_bill(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), FOCUS)
    table = lake.catalog.table("outlay.resource_events")
    for day in ("someday", "2026-11-02"):
        lake.register(table, "cost", "azure.x", day)
    put(lake, "bills/azure/good.csv", csv_bytes(FOCUS_ROW))
    assert run(lake).failures == []
    assert total(seen(lake)) == Decimal("1.5")
