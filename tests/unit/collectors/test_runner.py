"""The runner: every account and region ends as exactly one outcome, and what failed brings no events."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.aws import ebs_volumes
from collectors.scanning import part, runner, scan
from collectors.scanning.runner import NothingCollectedError, Run, run
from lake.configuration import Account
from lake.errors import ConfigurationError
from tests.unit.collectors.conftest import objects, rows
from tests.unit.collectors.replay import Answer, Company, Reply, error, volume_pages

SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
REGIONS = ("us-east-1", "eu-west-1")
FIRST, SECOND, THIRD = (
    Account("111111111111", "First", "production", REGIONS, defaults={"env": "prod"}),
    Account("222222222222", "Second", None, REGIONS),
    Account("333333333333", "Third", None, REGIONS),
)
PLACE = ["aws_account_id", "aws_region"]
FOLDER = "event_type=config/collector=ebs_volumes/event_date=2026-11-20/"


def three_volumes(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
    return volume_pages(account, region, 3, parameters)


def but(place: tuple[str, str], what: Callable[[dict[str, Any]], Reply]) -> Answer:
    """Three volumes everywhere, but in one account and region what() answers."""

    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        return what(parameters) if (account, region) == place else three_volumes(account, region, operation, parameters)

    return answer


def collect(lake: Any, company: Company, **changes: Any) -> Run:
    asked = {"part": 0, "owner_ids": None, "remaining_ms": lambda: 900_000, "home": FIRST, "slot": SLOT, **changes}
    return run("ebs_volumes", lake=lake, role=company.role(), **asked)


def events_by_place(lake: Any) -> Counter[tuple[str, str]]:
    return Counter((row["aws_account_id"], row["aws_region"]) for row in rows(lake, "resource_events", PLACE))


def statuses(done: Run) -> dict[tuple[str, str], str]:
    return {(outcome.aws_account_id, outcome.aws_region): outcome.status for outcome in done.outcomes}


def test_a_run_writes_one_object_and_an_outcome_for_each_account_and_region(make_lake: Any) -> None:
    lake = make_lake(FIRST, SECOND)
    done = collect(lake, Company(three_volumes))
    assert list(objects(lake, "resource_events")) == [f"{FOLDER}20261120T090000Z-0000.parquet"]
    assert events_by_place(lake) == {(account.account_id, r): 3 for account in (FIRST, SECOND) for r in REGIONS}
    recorded = rows(lake, "collector_runs")
    assert [(r["aws_account_id"], r["aws_region"], r["status"], r["event_count"]) for r in recorded] == [
        ("111111111111", "eu-west-1", "ok", 3),
        ("111111111111", "us-east-1", "ok", 3),
        ("222222222222", "eu-west-1", "ok", 3),
        ("222222222222", "us-east-1", "ok", 3),
    ]
    assert (done.event_count, done.failures, done.left) == (12, (), ())
    partitions = lake.glue.get_partitions(DatabaseName=lake.environment.database("outlay"), TableName="resource_events")[
        "Partitions"
    ]
    assert [p["Values"] for p in partitions] == [["config", "ebs_volumes", "2026-11-20"]]


def test_an_event_carries_its_slot_and_its_account(make_lake: Any) -> None:
    lake = make_lake(FIRST)
    collect(lake, Company(three_volumes))
    row = rows(lake, "resource_events")[0]
    assert row["event_time"] == row["ingested_at"] == SLOT.replace(tzinfo=None)
    assert (row["account_role"], row["env"]) == ("production", "prod")


def test_each_account_is_entered_once_with_the_external_id(make_lake: Any) -> None:
    company = Company(three_volumes)
    collect(make_lake(FIRST, SECOND, THIRD), company)
    assert sorted(call["RoleArn"] for call in company.assumed) == [
        f"arn:aws:iam::{account.account_id}:role/OutlayReadOnly" for account in (FIRST, SECOND, THIRD)
    ]
    assert {(call["ExternalId"], call["RoleSessionName"]) for call in company.assumed} == {
        ("the-external-id", "outlay-test")
    }


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (error("UnauthorizedOperation", 403), "denied", "UnauthorizedOperation"),
        (error("AccessDenied", 403), "denied", "AccessDenied"),
        (error("AuthFailure", 401), "denied", "AuthFailure"),
        (error("OptInRequired", 401), "skipped", "OptInRequired"),
        (error("RequestLimitExceeded", 503), "throttled", "RequestLimitExceeded"),
        (error("InternalError", 500), "failed", "InternalError"),
        ((200, {"ResponseMetadata": {}}), "failed", "KeyError"),
        ((200, {"Volumes": [{"Size": 1}], "ResponseMetadata": {}}), "failed", "KeyError"),
        ((200, {"Volumes": [{"VolumeId": "vol-1", "Size": "much"}], "ResponseMetadata": {}}), "failed", "InvalidOperation"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refused_or_malformed_answer_is_an_outcome(make_lake: Any, reply: Reply, status: str, code: str) -> None:
    lake, place = make_lake(FIRST, SECOND), (FIRST.account_id, "eu-west-1")
    done = collect(lake, Company(but(place, lambda _: reply)))
    [outcome] = [o for o in done.outcomes if (o.aws_account_id, o.aws_region) == place]
    assert (outcome.status, outcome.error_code, outcome.event_count) == (status, code, 0)
    assert outcome.error_message
    assert len(events_by_place(lake)) == 3
    assert place not in events_by_place(lake)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ({"eu-south-1"}, {"us-east-1": "ok", "eu-south-1": "skipped", "eu-west-1": "ok"}),
        ({"eu-west-1"}, {"us-east-1": "ok", "eu-south-1": "ok", "eu-west-1": "denied"}),
        (
            {"us-east-1", "eu-south-1", "eu-west-1"},
            {"us-east-1": "denied", "eu-south-1": "denied", "eu-west-1": "denied"},
        ),
    ],
    ids=["a region that was not enabled", "a region that nobody can disable", "bad credentials"],
)
def test_credentials_that_fail_in_one_region_alone_are_not_what_is_wrong(
    make_lake: Any, refused: set[str], expected: dict[str, str]
) -> None:
    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        if region in refused:
            return error("AuthFailure", 401)
        return three_volumes(account, region, operation, parameters)

    lake = make_lake(Account("111111111111", "First", None, tuple(expected)))
    done = collect(lake, Company(answer))
    assert {outcome.aws_region: outcome.status for outcome in done.outcomes} == expected
    assert {row["aws_region"]: row["status"] for row in rows(lake, "collector_runs")} == expected


def test_a_scan_that_breaks_off_between_pages_brings_nothing(make_lake: Any) -> None:
    def two_pages_of_three(parameters: dict[str, Any]) -> Reply:
        if parameters.get("NextToken") == "2000":
            return error("InternalError", 500)
        return volume_pages(FIRST.account_id, "us-east-1", 2500, parameters)

    lake = make_lake(FIRST)
    done = collect(lake, Company(but((FIRST.account_id, "us-east-1"), two_pages_of_three)))
    assert statuses(done)[FIRST.account_id, "us-east-1"] == "failed"
    assert events_by_place(lake) == {(FIRST.account_id, "eu-west-1"): 3}


def test_a_page_token_that_repeats_itself_ends_the_scan(make_lake: Any) -> None:
    page = {"Volumes": [], "NextToken": "again", "ResponseMetadata": {}}
    done = collect(make_lake(FIRST), Company(but((FIRST.account_id, "us-east-1"), lambda _: (200, page))))
    [outcome] = done.failures
    assert (outcome.status, outcome.error_code) == ("failed", "PaginationError")


def test_many_pages_arrive_whole_and_each_call_asks_for_a_thousand(make_lake: Any) -> None:
    sizes = []

    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        sizes.append(parameters["MaxResults"])
        return volume_pages(account, region, 4500, parameters)

    lake = make_lake(Account("111111111111", "First", None, ("us-east-1",)))
    done = collect(lake, Company(answer))
    assert done.event_count == 4500
    assert len({row["event_id"] for row in rows(lake, "resource_events", ["event_id"])}) == 4500
    assert sizes == [1000] * 5


def test_an_account_that_lets_nobody_in_is_denied_in_each_of_its_regions(make_lake: Any) -> None:
    lake = make_lake(FIRST, SECOND)
    company = Company(three_volumes, refused={SECOND.account_id})
    done = collect(lake, company)
    denied = [o for o in done.outcomes if o.status == "denied"]
    assert [(o.aws_account_id, o.aws_region) for o in denied] == [(SECOND.account_id, r) for r in REGIONS]
    assert all("sts:AssumeRole" in (o.error_message or "") for o in denied)
    assert len(company.assumed) == 2
    done.raise_if_failed()


def test_a_run_in_which_every_scan_failed_raises_after_recording(make_lake: Any) -> None:
    lake = make_lake(FIRST)
    done = collect(lake, Company(three_volumes, refused={FIRST.account_id}))
    with pytest.raises(NothingCollectedError, match=r"none of 2 scans.*111111111111.*AccessDenied"):
        done.raise_if_failed()
    assert len(rows(lake, "collector_runs")) == 2


def test_a_disabled_account_is_skipped_and_not_entered(make_lake: Any) -> None:
    company = Company(three_volumes)
    off = Account("999999999999", "Off", None, REGIONS, enabled=False)
    done = collect(make_lake(FIRST, off), company)
    assert [statuses(done)[off.account_id, region] for region in REGIONS] == ["skipped", "skipped"]
    assert len(company.assumed) == 1
    done.raise_if_failed()


def test_the_same_slot_twice_writes_the_same_bytes(make_lake: Any) -> None:
    def slow_at_random(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        time.sleep(hash((account, region, time.monotonic())) % 7 / 500)
        return volume_pages(account, region, 50, parameters)

    lake = make_lake(FIRST, SECOND, THIRD)
    collect(lake, Company(slow_at_random))
    before = objects(lake, "resource_events")
    collect(lake, Company(slow_at_random))
    assert objects(lake, "resource_events") == before


def test_a_run_without_events_replaces_what_an_earlier_attempt_wrote(make_lake: Any) -> None:
    lake = make_lake(FIRST)
    collect(lake, Company(three_volumes))
    collect(lake, Company(lambda account, region, _, parameters: volume_pages(account, region, 0, parameters)))
    assert len(objects(lake, "resource_events")) == 1
    assert rows(lake, "resource_events") == []
    assert [row["status"] for row in rows(lake, "collector_runs")] == ["ok", "ok"]


def test_when_time_runs_short_the_next_part_takes_the_accounts_left(make_lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ACCOUNTS_PER_PART", 1)
    lake = make_lake(FIRST, SECOND, THIRD)
    first = collect(lake, Company(three_volumes), remaining_ms=lambda: 50_000)
    assert (first.left, first.next_part) == ((SECOND.account_id, THIRD.account_id), 1)
    rest = collect(lake, Company(three_volumes), part=first.next_part, owner_ids=first.left)
    assert (rest.left, rest.next_part) == ((), 3)
    in_parts = objects(lake, "resource_events")
    assert sorted(in_parts) == [f"{FOLDER}20261120T090000Z-000{n}.parquet" for n in range(3)]
    collect(lake, Company(three_volumes))
    assert objects(lake, "resource_events") == in_parts, "a repetition with more time must cut the parts alike"
    assert len(rows(lake, "collector_runs")) == 6


def test_a_scan_that_hangs_is_out_of_time_and_the_others_are_kept(make_lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "FINISHING_MS", 0)
    hangs = (FIRST.account_id, "us-east-1")

    def hang(parameters: dict[str, Any]) -> Reply:
        time.sleep(3)
        return volume_pages(*hangs, 3, parameters)

    end = time.monotonic() + 2
    lake = make_lake(FIRST, SECOND)
    done = collect(lake, Company(but(hangs, hang)), remaining_ms=lambda: round((end - time.monotonic()) * 1000))
    [outcome] = done.failures
    assert ((outcome.aws_account_id, outcome.aws_region), outcome.error_code) == (hangs, "OutOfTime")
    assert sum(events_by_place(lake).values()) == 9


@pytest.mark.parametrize(
    ("accounts", "changes", "says"),
    [
        ((FIRST,), {"owner_ids": ["000000000000"]}, "field accounts names '000000000000'"),
        ((Account("111111111111", "First"),), {}, "account 111111111111 has no regions"),
    ],
)
def test_what_the_configuration_lacks_is_told(make_lake: Any, accounts: Any, changes: Any, says: str) -> None:
    lake = make_lake(*accounts)
    with pytest.raises(ConfigurationError, match=says):
        collect(lake, Company(three_volumes), **changes)
    assert objects(lake, "collector_runs") == {}


PLACES = [(account.account_id, region) for account in (FIRST, SECOND, THIRD) for region in REGIONS]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three volumes a page and two events a batch, so that few volumes take many of both."""
    monkeypatch.setattr(ebs_volumes, "PAGE_SIZE", 3)
    monkeypatch.setattr(scan, "SPOOLED_ROWS", 2)


@pytest.mark.usefixtures("small_pages")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    failing=st.dictionaries(st.sampled_from(PLACES), st.sampled_from(["AccessDenied", "Throttling", "InternalError"])),
    at_page=st.integers(0, 2),
)
def test_whatever_fails_the_rest_is_whole_and_accounted_for(make_lake: Any, failing: dict[Any, str], at_page: int) -> None:
    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        if (account, region) in failing and int(parameters.get("NextToken", 0)) == 3 * at_page:
            return error(failing[account, region])
        return volume_pages(account, region, 8, parameters)

    lake = make_lake(FIRST, SECOND, THIRD)
    done = collect(lake, Company(answer))
    assert Counter((o.aws_account_id, o.aws_region) for o in done.outcomes) == Counter(PLACES)
    assert {place for place, status in statuses(done).items() if status != "ok"} == set(failing)
    assert events_by_place(lake) == {place: 8 for place in PLACES if place not in failing}


def test_a_repeated_slot_that_sees_less_leaves_what_was_seen(make_lake: Any) -> None:
    lake, place = make_lake(FIRST, SECOND), (FIRST.account_id, "eu-west-1")
    collect(lake, Company(three_volumes))
    kept = {table: objects(lake, table) for table in ("resource_events", "collector_runs")}
    again = collect(lake, Company(but(place, lambda _: error("AccessDenied", 403))))
    assert statuses(again)[place] == "denied", "the run is told as it went"
    assert {table: objects(lake, table) for table in kept} == kept


def test_a_repeated_slot_that_sees_more_takes_the_place_of_the_first(make_lake: Any) -> None:
    lake, place = make_lake(FIRST, SECOND), (FIRST.account_id, "eu-west-1")
    collect(lake, Company(but(place, lambda _: error("AccessDenied", 403))))
    collect(lake, Company(three_volumes))
    assert len(events_by_place(lake)) == 4
    assert {row["status"] for row in rows(lake, "collector_runs")} == {"ok"}


def test_an_account_that_is_removed_while_a_run_goes_on_takes_no_other_with_it(make_lake: Any) -> None:
    lake = make_lake(FIRST, THIRD)
    done = collect(lake, Company(three_volumes), part=1, owner_ids=[SECOND.account_id, THIRD.account_id])
    assert {place[0] for place in statuses(done)} == {THIRD.account_id}
    with pytest.raises(ConfigurationError, match=SECOND.account_id):
        collect(lake, Company(three_volumes), part=0, owner_ids=[SECOND.account_id, THIRD.account_id])
