"""The standard suite: what every collector must do, whatever it collects. It runs over all that discovery finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.bills.resources import UNSCANNED, resource_of
from collectors.scanning.discovery import collectors, resource_kinds
from collectors.scanning.events import Origin
from collectors.scanning.member_role import MemberAccess
from collectors.scanning.scan import Scanner
from lake.catalog import Catalog
from lake.configuration import Account
from lake.outcomes import Outcome
from lake.resource_types import RELATIONSHIPS, ResourceKind, partition_of
from tests.support.made_up_answers import MadeUpAccount, Reply
from tests.unit.collectors.conftest import NO_GROUPING
from tests.unit.collectors.replay import AnsweredAccess

SLOT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
ACCOUNT = "111111111111"
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
READS = re.compile(r"[a-z0-9-]+:(Describe|List|Get|Lookup|Search)[A-Za-z]+")
IAM_ACTIONS = {"s3:ListBuckets": "s3:ListAllMyBuckets"}
"""Where IAM calls an operation otherwise than the API does."""

COLLECTORS = collectors()
KINDS = list(resource_kinds().values())
every_collector = pytest.mark.parametrize("name", COLLECTORS)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)

Rows = list[dict[str, Any]]
Answer = Callable[[Any, dict[str, Any]], Reply]


class AnsweredByModel(AnsweredAccess):
    """Access to an account; whoever answers its calls is given botocore's description of the operation."""

    def _reply(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        status, data = self.answer(model, context["parameters"])
        return SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **data}


@pytest.fixture
def scan(catalog: Catalog, tmp_path: Path) -> Callable[..., tuple[list[Outcome], Rows]]:
    """Scans every unit of one account and one region; gives the outcomes and the rows."""

    def run(name: str, answer: Answer, region: str = REGIONS[0]) -> tuple[list[Outcome], Rows]:
        collector, access = COLLECTORS[name], Future[Any]()
        access.set_result(AnsweredByModel(MemberAccess(ACCOUNT, "key", "secret", "token"), answer))
        scanner = Scanner(collector, catalog.table(collector.table), NO_GROUPING, tmp_path, lambda: True)
        account = Account(ACCOUNT, "First", None, (region,))
        scanned = [
            scanner.visit(Origin(name, collector.event_type, SLOT, unit), access) for unit in collector.scope.units(account)
        ]
        return [one.outcome for one in scanned], [row for one in scanned for b in one.batches() for row in b.to_pylist()]

    return run


def refusal(code: str, status: int) -> Answer:
    return lambda model, parameters: (status, {"Error": {"Code": code, "Message": code}})


@every_collector
def test_pages_are_read_to_the_end_and_each_record_is_there(scan: Any, name: str) -> None:
    few, many = MadeUpAccount(count=1), MadeUpAccount(count=7)
    (one,), of_one = scan(name, few.answer)
    (seven,), of_seven = scan(name, many.answer)
    assert (one.status, seven.status) == ("ok", "ok"), (one, seven)
    assert len(of_one) > 0
    assert len(of_seven) == seven.event_count == 7 * len(of_one)
    assert len({row["event_id"] for row in of_seven}) == len(of_seven)


@every_collector
def test_an_account_that_has_nothing_is_scanned_well(scan: Any, name: str) -> None:
    (outcome,), rows = scan(name, MadeUpAccount(count=0).answer)
    assert (outcome.status, outcome.event_count, rows) == ("ok", 0, [])


@every_collector
@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDenied", 403, "denied"),
        ("UnauthorizedOperation", 403, "denied"),
        ("Throttling", 400, "throttled"),
        ("RequestLimitExceeded", 503, "throttled"),
        ("OptInRequired", 401, "skipped"),
        ("InternalError", 500, "failed"),
    ],
)
def test_a_refusal_is_an_outcome_without_events(scan: Any, name: str, code: str, status: int, expected: str) -> None:
    (outcome,), rows = scan(name, refusal(code, status))
    assert (outcome.status, outcome.error_code, rows) == (expected, code, [])
    assert outcome.error_message


@every_collector
def test_a_refusal_of_any_later_call_brings_nothing_either(scan: Any, name: str) -> None:
    whole = MadeUpAccount(count=5)
    scan(name, whole.answer)
    for last in range(1, len(whole.calls)):
        some = MadeUpAccount(count=5)

        def breaking(model: Any, parameters: dict[str, Any], some: MadeUpAccount = some, last: int = last) -> Reply:
            return (
                some.answer(model, parameters) if len(some.calls) < last else refusal("Throttling", 400)(model, parameters)
            )

        (outcome,), rows = scan(name, breaking)
        assert (outcome.status, rows) == ("throttled", []), last


@every_collector
def test_a_record_without_its_id_fails_the_scan(scan: Any, name: str) -> None:
    (outcome,), rows = scan(name, MadeUpAccount(is_malformed=True).answer)
    assert (outcome.status, rows) == ("failed", [])


TAGS = {
    "none": {},
    "fifty": {f"key-{number}": f"value {number}" * 10 for number in range(50)},
    "unicode": {"Kostenträger": "Größe 🧡", "キー": "値", "e\u0301": "\u00e9", "empty": ""},
}


@every_collector
@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS)
def test_tags_arrive_as_they_are(scan: Any, name: str, tags: dict[str, str]) -> None:
    (outcome,), rows = scan(name, MadeUpAccount(count=2, tags=tags).answer)
    assert outcome.status == "ok"
    assert rows
    assert all(dict(row["tags"]) == tags for row in rows)


@every_collector
def test_properties_are_declared_and_all_that_is_declared_is_found(scan: Any, name: str) -> None:
    """The first half is what a scan checks itself; a record with every field shows whether a description is of nothing."""
    collector = COLLECTORS[name]
    _, rows = scan(name, MadeUpAccount(tags={"Name": "x"}).answer)
    for kind in collector.kinds:
        found = {key for row in rows if row["resource_type"] == kind.type for key, _ in row["properties"]}
        assert found == kind.property_names(collector.event_type)
        assert {row["unit"] for row in rows} == {v.unit for v in kind.values if v.event_type == collector.event_type}
    assert {row["resource_type"] for row in rows} == {kind.type for kind in collector.kinds}


@every_collector
@pytest.mark.parametrize("region", REGIONS)
def test_arns_are_in_the_regions_partition_and_bills_take_them_for_the_same(scan: Any, name: str, region: str) -> None:
    kinds = {kind.type: kind for kind in COLLECTORS[name].kinds}
    _, rows = scan(name, MadeUpAccount().answer, region)
    assert rows
    for row in rows:
        kind = kinds[row["resource_type"]]
        assert row["resource_arn"] == kind.arn_of(row["resource_id"], region, ACCOUNT)
        assert row["resource_arn"].startswith(f"arn:{partition_of(region)}:{kind.service}:")
        billed = resource_of(row["resource_arn"], ACCOUNT, region, "Amazon", "other")
        assert billed == (row["resource_arn"], row["resource_type"], row["resource_id"])


@every_collector
def test_the_same_scan_twice_gives_the_same_rows_on_its_own_days(scan: Any, name: str) -> None:
    collector = COLLECTORS[name]
    (_, first), (_, again) = (scan(name, MadeUpAccount(tags={"a": "b"}).answer) for _ in range(2))
    assert first == again
    assert {row["event_time"].date() for row in first} <= set(collector.days_of(SLOT))


@every_collector
def test_what_it_calls_is_what_it_declares_and_only_reads(scan: Any, name: str) -> None:
    account = MadeUpAccount()
    scan(name, account.answer)
    called = {f"{service}:{operation}" for service, operation in account.calls}
    assert {IAM_ACTIONS.get(action, action) for action in called} == set(COLLECTORS[name].actions)
    assert [action for action in COLLECTORS[name].actions if not READS.fullmatch(action)] == []


@every_kind
def test_a_kind_is_described_whole(kind: ResourceKind) -> None:
    assert re.fullmatch(r"[a-z0-9_]+(:[a-z0-9_-]+)?", kind.type)
    assert kind.arn.startswith("arn:{partition}:")
    assert kind.arn.endswith("{id}")
    described = [(found.name, found.event_type) for found in (*kind.values, *kind.properties)]
    assert len(set(described)) == len(described)
    for found in kind.properties:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", found.name)
    for found in (*kind.values, *kind.properties):
        assert found.meaning
        assert "|" not in f"{found.meaning}{found.unit}{found.source}", "it would break the data dictionary's table"
    assert all(found.unit for found in kind.values)


@every_kind
def test_an_edge_leads_through_a_property_to_a_kind_that_is_known(kind: ResourceKind) -> None:
    known = {*resource_kinds(), *(unscanned.type for unscanned in UNSCANNED)}
    for edge in kind.edges:
        assert edge.relationship in RELATIONSHIPS
        assert edge.target in known
        assert edge.through in {found.name for found in kind.properties}


@pytest.mark.parametrize("kind", [kind for kind in (*UNSCANNED, *KINDS) if kind.id_prefix], ids=lambda kind: kind.type)
@pytest.mark.parametrize("region", REGIONS)
def test_the_bare_id_of_a_bill_is_the_resource_that_a_scan_finds(kind: ResourceKind, region: str) -> None:
    billed_id = f"{kind.id_prefix}0123456789abcdef0"
    found = resource_of(billed_id, ACCOUNT, region, "AmazonEC2", "other")
    assert found == (kind.arn_of(billed_id, region, ACCOUNT), kind.type, billed_id)
