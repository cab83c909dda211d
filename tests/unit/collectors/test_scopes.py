"""What a collector's scope and days decide: whom a run visits, where events lie, and that nothing is left over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.scanning import runner
from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event, Origin
from collectors.scanning.runner import Run, run
from collectors.scanning.scope import ACCOUNT, ORGANIZATION, REGION, CollectorScope, Unit
from lake.configuration import Account
from lake.errors import ConfigurationError
from lake.resource_types import Property, ResourceKind
from tests.unit.collectors.conftest import objects, rows
from tests.unit.collectors.replay import Company, Reply

SLOT = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
FIRST, SECOND = (Account(f"{n}" * 12, f"Account {n}", None, REGIONS) for n in (1, 2))
HOME = Account("999999999999", "Home", None, ("eu-central-1",))
BUCKET = ResourceKind("s3:bucket", "A bucket", "arn:{partition}:s3:::{id}", properties=(Property("size", "Size", "bytes"),))


def bucket(origin: Origin, name: str, **fields: Any) -> Event:
    name = f"{name}-{origin.account_id}"
    return Event(BUCKET.type, name, BUCKET.arn_of(name, origin.region, origin.account_id), **fields)


def in_two_regions(session: Any, origin: Origin) -> Iterator[Event]:
    """What S3 lists: every bucket of the account, wherever it is asked."""
    yield bucket(origin, "logs", region="us-west-2")
    yield bucket(origin, "web", region="eu-west-1")
    yield bucket(origin, "everywhere")


def no_answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
    pytest.fail(f"{operation} was called")


@pytest.fixture
def collect(make_lake: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a made-up collector over the accounts; gives the run, its lake and the company."""

    def collect(collector: Collector, *accounts: Account, lake: Any = None, **asked: Any) -> tuple[Run, Any, Company]:
        monkeypatch.setattr(runner, "load_collector", lambda _: collector)
        lake, company = lake or make_lake(*accounts), Company(no_answer)
        wanted = {"slot": SLOT, "part": 0, "owner_ids": None, **asked}
        done = run("buckets", remaining_ms=lambda: 900_000, lake=lake, role=company.role(), home=HOME, **wanted)
        return done, lake, company

    return collect


def places(done: Run) -> list[tuple[str, str, str]]:
    return [(outcome.aws_account_id, outcome.aws_region, outcome.status) for outcome in done.outcomes]


def test_a_collector_of_accounts_scans_each_once_and_its_events_say_their_regions(collect: Any) -> None:
    done, lake, company = collect(Collector(in_two_regions, (BUCKET,), scope=ACCOUNT), FIRST, SECOND)
    assert places(done) == [(account.account_id, "global", "ok") for account in (FIRST, SECOND)]
    assert len(company.assumed) == 2
    found = {(row["resource_id"], row["aws_account_id"], row["aws_region"]) for row in rows(lake, "resource_events")}
    assert found == {
        (f"{name}-{account.account_id}", account.account_id, region)
        for account in (FIRST, SECOND)
        for name, region in {"logs": "us-west-2", "web": "eu-west-1", "everywhere": "global"}.items()
    }


def test_a_collector_of_the_organization_scans_once_in_the_lakes_own_account(collect: Any) -> None:
    regions = []

    def scan(session: Any, origin: Origin) -> Iterator[Event]:
        regions.append(origin.region)
        yield bucket(origin, "only")

    done, _, company = collect(Collector(scan, (BUCKET,), scope=ORGANIZATION), FIRST, SECOND)
    assert places(done) == [(HOME.account_id, "global", "ok")]
    assert [call["RoleArn"].split(":")[4] for call in company.assumed] == [HOME.account_id]
    assert regions == ["eu-central-1"]


@dataclass(frozen=True)
class Connection:
    """Access to a database: its session is whatever its collectors scan with."""

    url: str

    def session(self) -> str:
        return self.url


def test_a_source_of_its_own_brings_its_units_and_its_way_in(collect: Any) -> None:
    owners = [Account("fleet-a", "Fleet A"), Account("fleet-b", "Fleet B", enabled=False)]
    databases = CollectorScope(
        "database",
        owners=lambda configuration, home: owners,
        units=lambda owner: [Unit(owner, f"db{n}") for n in (1, 2)],
        enter=lambda role, owner_id: Connection(f"mysql://{owner_id}"),
    )

    def scan(session: Any, origin: Origin) -> Iterator[Event]:
        yield Event(BUCKET.type, origin.region, f"{session}/{origin.region}")

    done, lake, company = collect(Collector(scan, (BUCKET,), scope=databases))
    assert places(done) == [
        ("fleet-a", "db1", "ok"),
        ("fleet-a", "db2", "ok"),
        ("fleet-b", "db1", "skipped"),
        ("fleet-b", "db2", "skipped"),
    ]
    assert [row["resource_arn"] for row in rows(lake, "resource_events")] == ["mysql://fleet-a/db1", "mysql://fleet-a/db2"]
    assert company.assumed == []
    assert len(collect(Collector(scan, (BUCKET,), scope=databases), lake=lake, owner_ids=["fleet-a"])[0].outcomes) == 2


def test_an_account_without_regions_is_told_before_anything_is_scanned(collect: Any) -> None:
    for scope in (REGION, ACCOUNT):
        with pytest.raises(ConfigurationError, match="account 111111111111 has no regions"):
            collect(Collector(in_two_regions, (BUCKET,), scope=scope), Account("1" * 12, "First"))


def around_midnight(*hours_ago: int) -> Any:
    def scan(session: Any, origin: Origin) -> Iterator[Event]:
        for ago in hours_ago:
            yield bucket(origin, f"b{ago}", event_time=origin.slot - ago * HOUR)

    return scan


def stored_days(lake: Any) -> dict[str, int]:
    """Rows by day of the partition, from what the objects hold."""
    import io

    import pyarrow.parquet as pq

    found = objects(lake, "resource_events")
    return {key.split("event_date=")[1][:10]: pq.read_table(io.BytesIO(body)).num_rows for key, body in found.items()}


def test_an_event_from_before_midnight_lands_in_its_own_day(collect: Any) -> None:
    collector = Collector(around_midnight(0, 1, 2), (BUCKET,), scope=ACCOUNT, days_back=1)
    done, lake, _ = collect(collector, FIRST)
    assert done.failures == ()
    assert stored_days(lake) == {"2026-11-19": 2, "2026-11-20": 1}
    partitions = lake.glue.get_partitions(DatabaseName=lake.environment.database("outlay"), TableName="resource_events")
    assert sorted(found["Values"][2] for found in partitions["Partitions"]) == ["2026-11-19", "2026-11-20"]


def test_a_retry_leaves_nothing_over_on_any_day(collect: Any) -> None:
    collector = Collector(around_midnight(0, 1, 2), (BUCKET,), scope=ACCOUNT, days_back=1)
    _, lake, _ = collect(collector, FIRST)
    collect(replace(collector, scan=around_midnight(0)), FIRST, lake=lake)
    assert stored_days(lake) == {"2026-11-19": 0, "2026-11-20": 1}
    collect(replace(collector, scan=around_midnight(5)), FIRST, lake=lake)
    assert stored_days(lake) == {"2026-11-19": 1, "2026-11-20": 0}


@pytest.mark.parametrize(("days_back", "hours_ago"), [(0, 1), (1, 25), (1, -24)])
def test_an_event_of_another_day_fails_its_scan_and_says_which(collect: Any, days_back: int, hours_ago: int) -> None:
    collector = Collector(around_midnight(0, hours_ago), (BUCKET,), scope=ACCOUNT, days_back=days_back)
    done, lake, _ = collect(collector, FIRST)
    ((outcome),) = done.outcomes
    assert (outcome.status, outcome.error_code) == ("failed", "OutsideItsDays")
    assert f"{SLOT - hours_ago * HOUR:%Y-%m-%d}" in (outcome.error_message or "")
    assert rows(lake, "resource_events") == []


ROLE = ResourceKind("iam:role", "A role", "arn:{partition}:iam::{account}:role/{id}", properties=(Property("path", "Path"),))


def test_of_several_kinds_each_has_its_own_properties(collect: Any) -> None:
    def scan(session: Any, origin: Origin) -> Iterator[Event]:
        yield bucket(origin, "b", properties={"size": "1"})
        yield Event(ROLE.type, "r", "arn:r", properties={"path": "/"})

    collector = Collector(scan, (BUCKET, ROLE), scope=ACCOUNT)
    assert collect(collector, FIRST)[0].event_count == 2

    def swapped(session: Any, origin: Origin) -> Iterator[Event]:
        yield bucket(origin, "b", properties={"path": "/"})
        yield Event(ROLE.type, "r", "arn:r", properties={"path": "/"})

    ((outcome),) = collect(replace(collector, scan=swapped), FIRST)[0].outcomes
    assert "property 'path' of s3:bucket" in (outcome.error_message or "")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (Event(BUCKET.type, "b", "arn:b", properties={"color": "red"}), "property 'color' of s3:bucket, which the kind"),
        (Event("s3:object", "o", "arn:o"), "yields 's3:object'; add the kind"),
    ],
)
def test_what_a_collector_does_not_declare_fails_its_scan(collect: Any, event: Event, says: str) -> None:
    done, lake, _ = collect(Collector(lambda session, origin: iter([event]), (BUCKET,), scope=ACCOUNT), FIRST)
    ((outcome),) = done.outcomes
    assert outcome.status == "failed"
    assert says in (outcome.error_message or "")
    assert rows(lake, "resource_events") == []
