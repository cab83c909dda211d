"""A run of the rollups: builds what is stale, audits it, publishes whole partitions, and repairs what a kill left."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest

from lake.catalog import Catalog
from lake.partitions import VERSION_PARAMETER, Partition, Partitions
from rollups.run import run_rollups
from tests.support.lake_on_trino import NOON, TrinoLake, cost_event

DAYS = ("2026-11-17", "2026-11-18", "2026-11-19")


def deliver(lake: TrinoLake, day: str, *costs: str, version: str = "1") -> None:
    """Publish a day of a bill as the bill collector does."""
    lake.write("resource_events", [cost_event(day, cost) for cost in costs], "cost", "cur", day, name=version)
    folder = f"{lake.catalog.table('outlay.resource_events').prefix}event_type=cost/collector=cur/event_date={day}/"
    location = f"s3://{lake.environment.bucket}/{folder}"
    lake.partitions("resource_events").publish(Partition(("cost", "cur", day), location, {VERSION_PARAMETER: version}))


def restate(lake: TrinoLake, day: str, *costs: str, version: str) -> None:
    """Deliver the day again: the earlier objects go, the version changes."""
    folder = f"{lake.catalog.table('outlay.resource_events').prefix}event_type=cost/collector=cur/event_date={day}/"
    for found in lake.s3.list_objects_v2(Bucket=lake.environment.bucket, Prefix=folder).get("Contents", []):
        lake.s3.delete_object(Bucket=lake.environment.bucket, Key=found["Key"])
    deliver(lake, day, *costs, version=version)


def totals(lake: TrinoLake) -> dict[str, Decimal]:
    rows = lake.rows("select day, cost_usd from cost_rollup_daily where level = 'total'")
    return {row["day"].isoformat(): row["cost_usd"] for row in rows}


def built(report: object) -> dict[str, int]:
    """Days built by rollup of the database outlay."""
    counts: dict[str, int] = {}
    for item in report.built:  # type: ignore[attr-defined]
        name = item.rollup.removeprefix("outlay.")
        counts[name] = counts.get(name, 0) + len(item.days)
    return counts


def test_the_first_run_builds_everything_and_the_second_nothing(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1.10", "2.20")
    first = lake.run()
    assert built(first) == {"cost_hourly": 3, "cost_daily": 3, "cost_rollup_daily": 3, "anomalies": 3, "rule_violations": 3}
    assert len([item for item in first.built if item.rollup == "outlay.cost_hourly"]) == 1, "three days, one query"
    assert totals(lake) == dict.fromkeys(DAYS, Decimal("3.30"))
    assert built(lake.run()) == {}


def test_only_the_days_whose_sources_changed_are_built_again(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1")
    lake.run()
    restate(lake, DAYS[0], "5", version="2")
    again = built(lake.run())
    assert (again["cost_hourly"], again["cost_rollup_daily"]) == (1, 1)
    assert totals(lake) == {DAYS[0]: Decimal(5), DAYS[1]: Decimal(1), DAYS[2]: Decimal(1)}


def test_a_day_that_comes_out_the_same_changes_nothing_for_its_readers(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1", "2")
    lake.run()
    location = {p.values[0]: p.location for p in lake.partitions("cost_hourly").all()}
    restate(lake, DAYS[0], "2", "1", version="2")
    assert built(lake.run()) == {"cost_hourly": 1}, "the same charges in another order: what reads them is not built again"
    assert {p.values[0]: p.location for p in lake.partitions("cost_hourly").all()} == location
    assert built(lake.run()) == {}, "it is remembered what the day is made from now"
    restate(lake, DAYS[0], "2", "2", version="3")
    assert built(lake.run())["cost_rollup_daily"] == 1


def test_a_build_that_fails_its_audit_publishes_nothing_and_its_readers_wait(lake: TrinoLake) -> None:
    deliver(lake, DAYS[0], "1")
    lake.run()
    restate(lake, DAYS[0], "7", version="2")
    broken = tuple(
        dataclasses.replace(rollup, sql=rollup.sql.replace("sum(value)", "sum(value) * 2"))
        for rollup in lake.catalog.rollups
    )
    catalog = dataclasses.replace(lake.catalog, rollups=broken)
    report = run_rollups(lake.builder(), catalog, NOON, lambda: 900_000)
    assert report.failed.keys() == {"outlay.cost_hourly"}
    assert "the source has 7.000000000000, the build 14.000000000000" in report.failed["outlay.cost_hourly"]
    assert set(report.waiting) >= {"outlay.cost_rollup_daily", "outlay.anomalies", "outlay.rule_violations"}
    assert totals(lake) == {DAYS[0]: Decimal(1)}, "the earlier partitions stand"
    rejected = lake.rows(report.failed["outlay.cost_hourly"].rpartition("To look at the rejected rows: ")[2])
    assert [row["cost_usd"] for row in rejected] == [Decimal(14)]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (("group by\n    dimension", "group by\n    event_count, dimension"), "unique(day, dimension, level, ancestor_id)"),
        (("    row('group', 'customer', cost_daily.customer),\n", ""), None),
        (("coalesce(node.ancestor_id, 'unattributed')", "node.ancestor_id"), "not_null"),
        (
            ("    row('group', 'env', cost_daily.env),\n", "    row('group', 'cluster', cost_daily.env),\n"),
            "conserves(cost_usd, outlay.cost_daily, per dimension, level)",
        ),
    ],
    ids=["split groups", "a level less", "null nodes", "a level counted twice"],
)
def test_plausible_mistakes_in_the_rollup_and_its_view_fail_its_audit(
    lake: TrinoLake, mistake: tuple[str, str], words: str | None
) -> None:
    lines = [cost_event(DAYS[0], "1"), cost_event(DAYS[0], "2", usage_type="other")]
    lake.write("resource_events", [*lines, cost_event(DAYS[0], "3")], "cost", "cur", DAYS[0])
    builder = lake.builder()
    changed = with_change(lake, *mistake)
    report = run_rollups(builder, changed, NOON, lambda: 900_000)
    if words is None:
        assert report.failed == {}, "a level that is left out is for the relation's own test to find"
    else:
        assert words in report.failed["outlay.cost_rollup_daily"]


def with_change(lake: TrinoLake, old: str, new: str) -> Catalog:
    """The catalog up to cost_rollup_daily, with a change of that rollup's text or of the view cost_nodes, which is created."""
    rollups = {rollup.name: rollup for rollup in lake.catalog.rollups}
    (view,) = (view for view in lake.catalog.views if view.name == "cost_nodes")
    changed = dataclasses.replace(view, sql=view.sql.replace(old, new))
    lake.create_view(changed)
    nodes = rollups["cost_rollup_daily"]
    nodes = dataclasses.replace(nodes, sql=nodes.sql.replace(old, new), view_sql=(changed.sql,))
    assert nodes != rollups["cost_rollup_daily"]
    return dataclasses.replace(lake.catalog, rollups=(rollups["cost_hourly"], rollups["cost_daily"], nodes))


def test_a_changed_level_builds_every_day_of_the_nodes_again_and_nothing_below_them(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1")
    lake.run()
    builder = lake.builder()
    changed = with_change(lake, "cost_daily.purpose)", "lower(cost_daily.purpose))")
    assert built(run_rollups(builder, changed, NOON, lambda: 900_000)) == {"cost_rollup_daily": 3}


def test_killed_between_write_and_publish_the_next_run_repairs(lake: TrinoLake, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in DAYS:
        deliver(lake, day, "1")
    lake.run()
    before = lake.rows("select * from cost_rollup_daily order by day, dimension, level, ancestor_id")
    restate(lake, DAYS[1], "3", version="2")

    def killed(self: Partitions, *partitions: Partition) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Partitions, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            lake.run()
    assert lake.rows("select * from cost_rollup_daily order by day, dimension, level, ancestor_id") == before
    lake.run()
    assert totals(lake) == {DAYS[0]: Decimal(1), DAYS[1]: Decimal(3), DAYS[2]: Decimal(1)}


def test_a_day_that_its_bill_no_longer_has_comes_out_empty(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1")
    lake.run()
    lake.partitions("resource_events").drop(("cost", "cur", DAYS[2]))
    lake.run()
    assert totals(lake) == {DAYS[0]: Decimal(1), DAYS[1]: Decimal(1)}


def test_days_that_aged_out_of_their_source_stand(lake: TrinoLake) -> None:
    for day in DAYS:
        deliver(lake, day, "1")
    lake.run()
    lake.partitions("resource_events").drop(("cost", "cur", DAYS[0]))
    assert "cost_hourly" not in built(lake.run())
    assert set(totals(lake)) == set(DAYS)


def test_short_of_time_the_run_stops_between_builds_and_the_next_goes_on(lake: TrinoLake) -> None:
    deliver(lake, DAYS[0], "1")
    report = lake.run(remaining_ms=1_000)
    assert (report.is_complete, built(report)) == (False, {"cost_hourly": 1})
    assert lake.run().is_complete
    assert totals(lake) == {DAYS[0]: Decimal(1)}


def test_a_new_rule_is_held_against_the_days_already_published(lake: TrinoLake) -> None:
    deliver(lake, DAYS[0], "20")
    lake.run()
    rule = {
        "rule_id": "r",
        "dimension": "account",
        "level": "total",
        "period": "daily",
        "limit_usd": Decimal(5),
        "cost_type": "unblended",
        "severity": "warning",
    }
    lake.write("budget_rules", [rule])
    assert built(lake.run()) == {"rule_violations": 1}
    (row,) = lake.rows("select rule_id, over_usd, day from rule_violations")
    assert row == {"rule_id": "r", "over_usd": Decimal(15), "day": date.fromisoformat(DAYS[0])}


@pytest.mark.parametrize("wrong", ["select from where", "select 1 as event_date, ? , ?"])
def test_a_rollup_that_athena_refuses_at_once_stops_no_other(lake: TrinoLake, wrong: str) -> None:
    for day in DAYS:
        deliver(lake, day, "1.10")
    catalog = lake.catalog
    broken = tuple(
        dataclasses.replace(rollup, sql=wrong) if rollup.name == "rule_violations" else rollup for rollup in catalog.rollups
    )
    report = run_rollups(lake.builder(), dataclasses.replace(catalog, rollups=broken), NOON, lambda: 900_000)
    (said,) = report.failed.values()
    assert list(report.failed) == ["outlay.rule_violations"]
    assert "line 1:" in said or "places for a value" in said
    assert built(report) == {"cost_hourly": 3, "cost_daily": 3, "cost_rollup_daily": 3, "anomalies": 3}
