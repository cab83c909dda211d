"""Events become rows: groups from tags, stable ids, one row for the same fact."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from collectors.aws import ebs_volumes
from collectors.scanning.event_rows import EventRows
from collectors.scanning.events import Event, Origin
from collectors.scanning.scope import Unit
from lake.configuration import Account
from tests.support.catalog import CATALOG

TABLE = CATALOG.table("outlay.resource_events")
SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ACCOUNT = Account("111111111111", "prod", "production", defaults={"env": "prod"})
GROUPING = {"customer": ("customer", "Customer"), "env": ("env",)}


def rows(*events: Event, slot: datetime = SLOT) -> list[dict[str, object]]:
    origin = Origin("ebs_volumes", "config", slot, Unit(ACCOUNT, "eu-west-1"))
    gathered = EventRows(TABLE, GROUPING, origin, ebs_volumes.COLLECTOR)
    for event in events:
        gathered.append(event)
    return gathered.table().to_pylist()


def volume(arn: str = "arn:v", **fields: object) -> Event:
    return Event("ebs:volume", "v", arn, **fields)  # type: ignore[arg-type]


def test_an_event_carries_its_origin_and_its_groups() -> None:
    (row,) = rows(volume(tags={"Customer": "acme"}, value=8, unit="GiB", properties={"state": "in-use", "iops": None}))
    assert (row["event_time"], row["ingested_at"]) == (SLOT.replace(tzinfo=None),) * 2
    assert (row["aws_account_id"], row["aws_region"], row["account_role"]) == ("111111111111", "eu-west-1", "production")
    assert (row["customer"], row["env"], row["cluster"]) == ("acme", "prod", None)
    assert (row["value"], row["properties"]) == (Decimal(8), [("state", "in-use")])


def test_the_same_fact_keeps_its_id_and_another_scan_is_another_fact() -> None:
    first, again = rows(volume())[0]["event_id"], rows(volume())[0]["event_id"]
    assert first == again
    assert rows(volume(), slot=SLOT.replace(hour=10))[0]["event_id"] != first
    assert len(rows(volume(), volume(), volume("arn:w"))) == 2
