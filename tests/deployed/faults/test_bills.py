"""Deliveries and rows of bills that are not as they should be.

Each case has an export of its own: a sound delivery first, then the bad one, then a sound one again; all cases share the
three runs, as a bad bill stops no other.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lake.configuration import Bill
from tests.deployed.faults.ground import Ground, fault, later
from tests.unit.collectors.bills.bill_builder import FOCUS_ROW, Export, csv_bytes, cur_table, line, parquet, remove

COST, START = "line_item_unblended_cost", "line_item_usage_start_date"
BEFORE, AFTER = Decimal(2), Decimal(8)
STANDS = "the export's next sound delivery is published; until then the last sound one stands"


class Delivering:
    """An export of one case, in a billing period of its own: no two exports of a bill may deliver the same."""

    def __init__(self, ground: Ground, folder: str, number: int) -> None:
        self.ground, self.folder = ground, f"bills/aws/{folder}/"
        self._year, self._month = 2020 - number // 12, number % 12 + 1
        self.period = f"{self._year}-{self._month:02d}"
        self._export = Export(ground.lake, Bill("aws", "cur2", self.folder))

    def deliver(self, *tables: pa.Table, **changes: Any) -> None:
        self._export.deliver(*tables, year=self._year, month=self._month, **changes)

    @property
    def data(self) -> str:
        """The key of its data file."""
        return f"{self.folder}harbor/data/BILLING_PERIOD={self.period}/harbor-00001.snappy.parquet"

    def sound(self, cost: Decimal) -> None:
        """Two days, which cost this together."""
        self.lines(*(line(day, float(cost) / 2) for day in (1, 2)))

    def lines(self, *lines: Mapping[str, Any]) -> None:
        self.deliver(cur_table(lines))

    def file(self, body: bytes) -> None:
        """A delivery whose data file holds these bytes."""
        self._export.put(self.data, body)
        self.deliver(dataFiles=[f"s3://elsewhere/{self.data}"])


Spoil = Callable[[Delivering], None]
TWO = cur_table([line(1, 3.0), line(2, 3.0)])


def _row(**columns: Any) -> Spoil:
    return lambda export: export.lines(
        line(1, 3.0), line(2, 3.0, **columns) if "cost" not in columns else line(2, **columns)
    )


def _table(change: Callable[[pa.Table], pa.Table]) -> Spoil:
    return lambda export: export.deliver(change(TWO))


def _manifest(**fields: Any) -> Spoil:
    return lambda export: export.deliver(TWO, **fields)


def _retyped(table: pa.Table) -> pa.Table:
    index = table.column_names.index("line_item_product_code")
    return table.set_column(index, "line_item_product_code", pa.array([1, 2], pa.int64()))


def _texts(table: pa.Table) -> pa.Table:
    index = table.column_names.index(COST)
    return table.set_column(index, COST, pa.array(["3.00", "3.000000000000"]))


def _renamed(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.rename_columns([f"{old}_v2" if old == name else old for old in table.column_names])


def _without_manifest(export: Delivering) -> None:
    export.deliver(TWO, with_manifest=False)


def _twice(export: Delivering) -> None:
    export.deliver(TWO, dataFiles=[f"s3://b/{export.data}"] * 2)


def _same_line(export: Delivering) -> None:
    export.lines(*[line(1, 3.0, identity_line_item_id=f"same-{export.folder}")] * 2)


def _same_file(export: Delivering) -> None:
    export.deliver(TWO, TWO)


@dataclass(frozen=True)
class Case:
    """What an export delivers after 2 dollars of 2 rows.

    usd: what is published then. told: what its failure says; None: it is sound. shrunken: it is published with a warning.
    waits: what is told of it is no failure, but why it is left to a later run. repeated: it is published, with a warning that
    some lines are equal.
    """

    name: str
    spoil: Spoil
    usd: Decimal = BEFORE
    told: str | None = None
    shrunken: bool = False
    waits: bool = False
    repeated: bool = False

    @property
    def status(self) -> str:
        return "skipped" if self.waits else "failed" if self.told else "ok"

    @property
    def folder(self) -> str:
        return self.name.replace(" ", "-").replace(",", "").replace("'", "")

    @property
    def row(self) -> pytest.MarkDecorator:
        if self.shrunken:
            return fault(
                self.name,
                "collector_runs: ok, Shrunken, “… and the delivery before it 2 …”; alarm bills-shrunken",
                "it counts as delivered; the next delivery replaces it",
            )
        if self.repeated:
            return fault(
                self.name,
                "collector_runs: ok, Repeated, “… charges come twice …”; alarm bills-shrunken",
                "they count, up to a hundredth of a bill; more, or a whole data file, are refused; the next delivery replaces it",
            )
        if self.told is None:
            return fault(
                self.name, "collector_runs: ok, with the rows that it has", "nothing to repair: it counts as delivered"
            )
        alarm = "no alarm" if self.waits else "alarm bills-errors"
        return fault(self.name, f"collector_runs: {self.status}, “… {self.told} …”; {alarm}", STANDS)


WHOLE = parquet(TWO)
SIX, LARGE = Decimal(6), Decimal("4000000000000003")
RIGHT_TO_LEFT = [("user_customer", "\u202eacme 🦆 é"), ("user_name", "\ufeff\u200b")]
CASES = (
    Case("data of a bill without its manifest", _without_manifest, told="the next delivery is under way", waits=True),
    Case(
        "a manifest that lists a missing file",
        _manifest(dataFiles=["s3://b/data/BILLING_PERIOD=2026-11/none.parquet"]),
        told="is not there",
    ),
    Case("a manifest that lists a file twice", _twice, told="twice"),
    Case("a manifest that lists nothing", _manifest(dataFiles=[]), told="dataFiles"),
    Case("a truncated bill", lambda export: export.file(WHOLE[:-100]), told="cannot be read"),
    Case("a bill of no bytes", lambda export: export.file(b""), told="cannot be read"),
    Case("a bill torn in the middle", lambda export: export.file(WHOLE[:300] + WHOLE[900:]), told="cannot be read"),
    Case("a bill without rows", _table(lambda table: table.slice(0, 0)), Decimal(0), shrunken=True),
    Case("two equal lines", _same_line, SIX, repeated=True),
    Case("a data file that comes twice", _same_file, told="as every charge of this file does"),
    Case("the same bill again", lambda export: export.deliver(TWO), SIX),
    Case("a bill that shrank to one day", _table(lambda table: table.slice(0, 1)), Decimal(3), shrunken=True),
    Case("a column added", _table(lambda table: table.append_column("brand_new", pa.array([1, 2]))), SIX),
    Case("a column gone that can be done without", _table(lambda table: table.drop(["resource_tags"])), SIX),
    Case("a needed column gone", _table(lambda table: table.drop([COST])), told="is missing"),
    Case("a needed column renamed", _table(_renamed(START)), told="is missing"),
    Case("a column retyped to numbers", _table(_retyped), told="holds int64"),
    Case("costs retyped to text", _table(_texts), SIX),
    Case("another currency", _row(line_item_currency_code="EUR"), told="is not USD"),
    Case("a cost that is NaN", _row(cost=float("nan")), told="is no amount"),
    Case("an infinite cost", _row(cost=float("inf")), told="is no amount"),
    Case("a cost beyond all money", _row(cost=1e17), told="is no amount"),
    Case("a huge cost", _row(cost=4e15), LARGE),
    Case("a negative cost", _row(cost=-5.0), Decimal(-2)),
    Case("a charge of year 1", _row(**{START: datetime(1, 1, 1)}), told="is no time of a bill"),  # noqa: DTZ001
    Case("a charge of year 9999", _row(**{START: datetime(9999, 12, 31)}), told="is no time of a bill"),  # noqa: DTZ001
    Case("a charge without a day", _row(**{START: None}), told="is empty"),
    Case("NUL in ids and tags", _row(line_item_resource_id="i-\0", resource_tags=[("user_customer", "ac\0me")]), SIX),
    Case("a tag of 10 kB", _row(resource_tags=[("user_customer", "x" * 10_000)]), SIX),
    Case("tags of all of Unicode", _row(resource_tags=RIGHT_TO_LEFT, line_item_resource_id="\U0001d55a-é\u2028"), SIX),
)


def _focus(*lines: Mapping[str, str]) -> bytes:
    return csv_bytes(*(FOCUS_ROW | {"BilledCost": "3"} | dict(one) for one in lines))


FILES = {
    "a cut gzip": ("cut.csv.gz", gzip.compress(_focus({}, {"SkuId": "b"}))[:-12], "cannot be read"),
    "a row cut off": ("row.csv", _focus({}, {"SkuId": "b"})[:-60], "cannot be read"),
    "tags that are no JSON": ("tags.csv", _focus({}, {"Tags": "a=b"}), "is no JSON object"),
    "bytes that are no UTF-8": ("latin.csv", _focus({"ServiceName": "Gemüse"}).decode().encode("latin-1"), "cannot be read"),
}


@dataclass(frozen=True)
class Seen:
    """Rows and dollars by delivery after the bad deliveries and after the good ones, and what was told in between."""

    bad: Mapping[str, tuple[int, Decimal]]
    good: Mapping[str, tuple[int, Decimal]]
    outcomes: Mapping[str, Mapping[str, Any]]
    ends: Mapping[str, str]
    rolled_up: Decimal
    alarms: Mapping[str, float]


@pytest.fixture(scope="module")
def seen(ground: Ground) -> Seen:
    """Deliver and run three times."""
    exports = {case: Delivering(ground, case.folder, number) for number, case in enumerate(CASES)}
    _deliver_all(ground, exports, BEFORE)
    first = ground.fire("bills", later(0))
    assert first.error is None, first.payload
    for case, export in exports.items():
        case.spoil(export)
    for file, body, _ in FILES.values():
        ground.deliver_focus(file, body)
    failing = ground.fire("bills", later(1))
    assert (failing.error, failing.attempts) == ("Unhandled", 3)
    bad, outcomes = ground.charged(), _outcomes(ground, later(1))
    alarms = {name: ground.alarm(name) for name in ("bills-errors", "bills-shrunken", "collection-dead-letters")}
    assert ground.fire("rollup", later(1)).error is None
    rolled_up = ground.total()
    _deliver_all(ground, exports, AFTER)
    assert ground.fire("bills", later(2)).error is None
    good = ground.charged()
    ends = {export: outcome["status"] for export, outcome in _outcomes(ground, later(2)).items()}
    return Seen(bad, good, outcomes, ends, rolled_up, alarms)


def _deliver_all(ground: Ground, exports: Mapping[Case, Delivering], usd: Decimal) -> None:
    for export in exports.values():
        export.sound(usd)
    for file, _, _ in FILES.values():
        sound = _focus({"SkuId": file})
        ground.deliver_focus(file, gzip.compress(sound) if file.endswith(".gz") else sound)


def _outcomes(ground: Ground, slot: datetime) -> dict[str, Mapping[str, Any]]:
    rows = [*ground.outcomes("aws"), *ground.outcomes("focus")]
    return {row["aws_account_id"]: row for row in rows if row["slot"] == slot}


@pytest.mark.parametrize("case", [pytest.param(case, marks=case.row, id=case.name) for case in CASES])
def test_a_bad_delivery_is_told_and_what_was_published_stands(seen: Seen, case: Case) -> None:
    export = f"{case.folder}/harbor"
    collector = f"aws.{case.folder}.harbor.{seen.outcomes[export]['aws_region']}"
    outcome = seen.outcomes[export]
    assert outcome["status"] == case.status, outcome
    assert (case.told or "") in (outcome["error_message"] or "")
    assert (outcome["error_code"] == "Shrunken") is case.shrunken
    assert seen.bad.get(collector, (0, Decimal(0)))[1] == case.usd
    assert seen.good[collector] == (2, AFTER), "the next sound delivery is published whole"
    assert seen.ends[export] == "ok"


def test_bad_deliveries_ring_and_the_rollups_hold_what_stands(seen: Seen) -> None:
    shrunken = sum(case.shrunken or case.repeated for case in CASES)
    assert seen.alarms == {"bills-errors": 3, "bills-shrunken": shrunken, "collection-dead-letters": 1}
    assert seen.rolled_up == sum(case.usd for case in CASES) + 3 * len(FILES) == sum(usd for _, usd in seen.bad.values())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=fault(f"FOCUS: {name}", "collector_runs: failed; alarm bills-errors", STANDS), id=name)
        for name in FILES
    ],
)
def test_a_damaged_file_is_told_and_what_was_published_stands(seen: Seen, name: str) -> None:
    file, _, told = FILES[name]
    assert seen.outcomes[file]["status"] == "failed"
    assert told in seen.outcomes[file]["error_message"]
    assert seen.bad[f"focus.{file}"] == seen.good[f"focus.{file}"] == (1, Decimal(3))
    assert seen.ends[file] == "ok"


@fault(
    "a bill that is delivered again while it is read",
    "collector_runs: failed, “was delivered again while it was read”",
    "the second attempt publishes the newer delivery, once",
)
def test_a_bill_that_is_overtaken_is_read_anew(ground: Ground) -> None:
    export = Delivering(ground, "overtaken", len(CASES))
    export.sound(BEFORE)
    ground.inject("s3", "GetObject", "delay", seconds=2, containing="overtaken/harbor/data", times=1)
    with ThreadPoolExecutor(1) as pool:
        firing = pool.submit(ground.fire, "bills", later(30))
        while not ground.cloud.faults()[0]["seen"]:
            time.sleep(0.05)
        export.sound(AFTER)
        done = firing.result()
    assert done.error is None
    assert ground.charged()[f"aws.overtaken.harbor.{export.period}"] == (2, AFTER)


@fault(
    "an export that is made anew under another name, and delivers the same month",
    "collector_runs: failed, “… its charges would count twice …”; alarm bills-errors",
    "deleting the old one's files withdraws its charges (Withdrawn; alarm bills-shrunken) and lets the new one in",
)
def test_a_month_of_two_exports_counts_once(ground: Ground) -> None:
    old, new = (Delivering(ground, folder, len(CASES) + 1) for folder in ("renewed", "renewing"))
    old.sound(BEFORE)
    assert ground.fire("bills", later(60)).error is None
    new.sound(AFTER)
    assert ground.fire("bills", later(61)).error == "Unhandled"
    outcomes = _outcomes(ground, later(61))
    for export in ("renewed/harbor", "renewing/harbor"):
        assert "its charges would count twice" in outcomes[export]["error_message"]
    assert ground.charged()[f"aws.renewed.harbor.{old.period}"] == (2, BEFORE)
    assert f"aws.renewing.harbor.{old.period}" not in ground.charged()
    remove(ground.lake, old.folder)
    before = ground.alarm("bills-shrunken")
    assert ground.fire("bills", later(62)).error is None
    assert ground.charged()[f"aws.renewing.harbor.{old.period}"] == (2, AFTER)
    assert f"aws.renewed.harbor.{old.period}" not in ground.charged()
    assert _outcomes(ground, later(62))["renewed.harbor"]["error_code"] == "Withdrawn"
    assert ground.alarm("bills-shrunken") == before + 1
