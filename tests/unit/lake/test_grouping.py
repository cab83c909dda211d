"""Groups from tags: whatever the spelling of keys and their order, and alike in a scan and in a bill."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.aws import ebs_volumes
from collectors.bills.charges import ChargeRows
from collectors.bills.files import read_lines
from collectors.bills.formats import load_format
from collectors.bills.values import BillPlace
from collectors.scanning.event_rows import EventRows
from collectors.scanning.events import Origin
from collectors.scanning.scope import Unit
from lake.configuration import GROUPS, Account, Configuration, Notifications
from lake.grouping import GroupKeys, folded
from tests.support.catalog import CATALOG
from tests.unit.collectors.bills.bill_builder import cur_table, line, parquet

TABLE = CATALOG.table("outlay.resource_events")
SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ACCOUNT = Account("111111111111", "prod", None, ("eu-west-1",), defaults={"env": "prod", "purpose": "search"})
GROUPING = {"customer": ("customer", "tenant"), "cluster": ("Cost Center",), "env": ("env",), "purpose": ("purpose",)}


def scanned(tags: dict[str, str]) -> dict[str, str | None]:
    """The groups of a volume with these tags, as a scan writes it."""
    raw = {"VolumeId": "vol-1", "Size": 8, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    origin = Origin("ebs_volumes", "config", SLOT, Unit(ACCOUNT, "eu-west-1"))
    rows = EventRows(TABLE, GROUPING, origin, ebs_volumes.COLLECTOR)
    rows.append(ebs_volumes.to_event(raw, ACCOUNT.account_id, "eu-west-1"))
    (row,) = rows.table().to_pylist()
    return {group: row[group] for group in GROUPS}


def billed(tags: dict[str, str], path: Path) -> dict[str, str | None]:
    """The groups of a line item with these tags, as the bill writes it. Data Exports spells the key CostCenter cost_center."""
    spelled = [(f"user_{key.replace(' ', '_').lower()}", value) for key, value in tags.items()]
    path.write_bytes(parquet(cur_table([line(resource_tags=spelled)])))
    configuration = Configuration((ACCOUNT,), GROUPING, (), (), Notifications("#costs"))
    read_as = load_format("cur2")
    rows = ChargeRows(TABLE, configuration, "aws", SLOT, read_as.own_tag_prefix, has_line_ids=True)
    ((at, lines),) = read_lines(path, BillPlace("aws", "x.parquet"), read_as)
    (row,) = rows.rows(read_as.charges_of(lines), at).to_pylist()
    return {group: row[group] for group in GROUPS}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Customer": "acme"}, {"customer": "acme"}),
        ({"customer": "", "Tenant": "acme"}, {"customer": "acme"}),
        ({"tenant": "other", "CUSTOMER": "acme"}, {"customer": "acme"}),
        ({"cost_center": "42"}, {"cluster": "42"}),
        ({"Cost Center": "42", "ENV": "staging"}, {"cluster": "42", "env": "staging"}),
        ({}, {}),
        ({"Kunde": "acme", "Größe": "klein"}, {}),
    ],
    ids=str,
)
def test_a_scan_and_a_bill_read_the_same_groups_from_the_same_tags(
    tags: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    groups = dict.fromkeys(GROUPS) | ACCOUNT.defaults | expected
    assert scanned(tags) == groups
    assert billed(tags, tmp_path / "x.parquet") == groups


def test_keys_match_however_they_are_spelled() -> None:
    assert {folded(key) for key in ("CostCenter", "cost_center", "Cost Center", "cost:center")} == {"costcenter"}


def test_of_two_spellings_the_configured_one_wins_whatever_the_order_of_the_tags() -> None:
    tags = {"CUSTOMER": "a", "customer": "b", "Customer": "c"}
    for order in permutations(tags.items()):
        assert GroupKeys(GROUPING).groups_of(dict(order))["customer"] == "b"
        assert GroupKeys({"customer": ("cuStomer",)}).groups_of(dict(order))["customer"] == "a"


@given(
    tags=st.dictionaries(st.sampled_from(["customer", "Customer", "tenant", "env", "E-n-v", "x"]), st.text(max_size=5)),
    defaults=st.dictionaries(st.sampled_from(GROUPS), st.text(min_size=1, max_size=5)),
)
def test_a_group_is_a_tag_of_a_configured_key_or_the_default_and_never_empty(
    tags: dict[str, str], defaults: dict[str, str]
) -> None:
    groups = GroupKeys(GROUPING).groups_of(tags, defaults)
    assert list(groups) == list(GROUPS)
    for group, value in groups.items():
        tagged = [v for key in GROUPING.get(group, ()) for k, v in sorted(tags.items()) if v and folded(k) == folded(key)]
        assert value in tagged if tagged else value == defaults.get(group)
        assert value != ""
