"""What becomes of a charge: its money, its resource, its groups, its id."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.bills import aws_line_items as cur2
from collectors.bills.charges import ChargeRows
from collectors.bills.days import DaySpools
from collectors.bills.files import read_lines
from collectors.bills.formats import focus, format_names, load_format
from collectors.bills.resources import CHARGE, resource_of
from collectors.bills.tag_columns import TAGS, gathered
from collectors.bills.tags import TagReader
from collectors.bills.values import MONEY_STEP, TEXT_MAP, BillPlace, ValueKind, converted, stored_as
from lake.catalog import Catalog
from lake.configuration import Account, Configuration, Notifications
from lake.ids import stable_id
from lake.lake import Lake
from tests.support.catalog import CATALOG
from tests.unit.collectors.bills.bill_builder import (
    CUR,
    FOCUS,
    FOCUS_ROW,
    GROUPING,
    Export,
    csv_bytes,
    cur_table,
    line,
    parquet,
    put,
    run,
    seen,
    total,
    with_bills,
)

MakeLake = Callable[..., Lake]
PLACE = BillPlace("aws", "x.parquet")
DELIVERED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def shape(catalog: Catalog, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Turns line items into rows of resource_events, without a cloud."""

    def shape(*lines: dict[str, Any]) -> list[dict[str, Any]]:
        return rows_of(catalog, tmp_path / "x.parquet", cur_table(lines)).to_pylist()

    return shape


def rows_of(catalog: Catalog, path: Path, table: pa.Table, *accounts: Account) -> pa.Table:
    path.write_bytes(parquet(table))
    configuration = Configuration(accounts, GROUPING, (), (), Notifications("#costs"))
    read_as = load_format("cur2")
    rows = ChargeRows(
        catalog.table("outlay.resource_events"), configuration, "aws", DELIVERED, read_as.own_tag_prefix, has_line_ids=True
    )
    made = [rows.rows(read_as.charges_of(lines), at) for at, lines in read_lines(path, PLACE, read_as)]
    return pa.concat_tables(made) if made else catalog.table("outlay.resource_events").arrow_schema.empty_table()


AMORTIZED = {
    "Usage": ({}, "usage", "10"),
    "DiscountedUsage": ({"reservation_effective_cost": 6.5}, "usage", "6.5"),
    "SavingsPlanCoveredUsage": ({"savings_plan_savings_plan_effective_cost": 7.2}, "usage", "7.2"),
    "SavingsPlanNegation": ({}, "discount", "0"),
    "SavingsPlanUpfrontFee": ({}, "purchase", "0"),
    "SavingsPlanRecurringFee": (
        {"savings_plan_total_commitment_to_date": 9.6, "savings_plan_used_commitment": 9.1},
        "purchase",
        "0.5",
    ),
    "RIFee": (
        {
            "reservation_unused_amortized_upfront_fee_for_billing_period": 0.2,
            "reservation_unused_recurring_fee": 0.1,
        },
        "purchase",
        "0.3",
    ),
    "Fee": ({}, "fee", "10"),
    "Tax": ({}, "tax", "10"),
    "Credit": ({}, "credit", "10"),
    "Refund": ({}, "refund", "10"),
    "EdpDiscount": ({}, "discount", "10"),
    "SomethingNew": ({}, "adjustment", "10"),
}


@pytest.mark.parametrize("kind", AMORTIZED)
def test_amortized_cost_and_category_by_line_item_type(shape: Any, kind: str) -> None:
    columns, category, amortized = AMORTIZED[kind]
    (row,) = shape(line(cost=10.0, line_item_line_item_type=kind, **columns))
    assert row["value"] == row["net_cost_usd"] == 10
    assert row["amortized_cost_usd"] == Decimal(amortized)
    assert row["charge_category"] == row["event_action"] == category
    assert dict(row["properties"])["line_item_type"] == kind


def test_the_upfront_fee_of_a_reservation_is_in_its_usage_already(shape: Any) -> None:
    (row,) = shape(line(cost=800.0, line_item_line_item_type="Fee", reservation_reservation_a_r_n="arn:aws:ec2:ri"))
    assert (row["charge_category"], row["value"], row["amortized_cost_usd"]) == ("purchase", 800, 0)


def test_amortized_is_null_where_the_export_does_not_say(shape: Any) -> None:
    (row,) = shape(line(line_item_line_item_type="DiscountedUsage"))
    assert row["amortized_cost_usd"] is None


def test_a_line_item_becomes_an_event(shape: Any) -> None:
    item = line(day=3, cost=0.1, line_item_net_unblended_cost=0.09, line_item_usage_amount=1.0, pricing_term="")
    (row,) = shape(item)
    tags, properties = dict(row.pop("tags")), dict(row.pop("properties"))
    assert tags == {"customer": "acme", "name": "web-1"}
    assert properties == {"usage_type": "BoxUsage:m7g.large", "line_item_type": "Usage", "usage_quantity": "1"}
    assert {name: value for name, value in row.items() if value is not None} == {
        "event_id": stable_id("aws", item["identity_line_item_id"], item["identity_time_interval"]),
        "event_time": datetime(2026, 11, 3, 5),  # noqa: DTZ001
        "ingested_at": datetime(2026, 11, 20),  # noqa: DTZ001
        "aws_account_id": "111111111111",
        "aws_region": "eu-west-1",
        "resource_arn": "arn:aws:ec2:eu-west-1:111111111111:instance/i-0123456789abcdef0",
        "resource_type": "ec2:instance",
        "resource_id": "i-0123456789abcdef0",
        "resource_name": "web-1",
        "event_action": "usage",
        "customer": "acme",
        "value": Decimal("0.1"),
        "unit": "USD",
        "provider": "AWS",
        "service": "AmazonEC2",
        "usage_type": "BoxUsage:m7g.large",
        "charge_category": "usage",
        "amortized_cost_usd": Decimal("0.1"),
        "net_cost_usd": Decimal("0.09"),
    }


RESOURCES = {
    "i-0123456789abcdef0": ("arn:aws:ec2:eu-west-1:1:instance/i-0123456789abcdef0", "ec2:instance", "i-0123456789abcdef0"),
    "vol-01234567": ("arn:aws:ec2:eu-west-1:1:volume/vol-01234567", "ebs:volume", "vol-01234567"),
    "eipalloc-01234567": ("arn:aws:ec2:eu-west-1:1:elastic-ip/eipalloc-01234567", "elastic_ip", "eipalloc-01234567"),
    "arn:aws:ec2:eu-west-1:1:natgateway/nat-1": (None, "vpc:nat_gateway", "nat-1"),
    "arn:aws:rds:eu-west-1:1:db:orders": (None, "rds:db", "orders"),
    "arn:aws:s3:::logs-of-acme": (None, "s3:bucket", "logs-of-acme"),
    "arn:aws:lambda:eu-west-1:1:function:resize": (None, "lambda:function", "resize"),
    "arn:aws:logs:eu-west-1:1:log-group:/aws/x": (None, "logs:log-group", "/aws/x"),
    "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/b": (
        None,
        "elasticloadbalancing:loadbalancer",
        "app/a/b",
    ),
    "arn:aws:sqs:eu-west-1:1:jobs": (None, "sqs:queue", "jobs"),
    "ws-12345": ("ws-12345", "amazonworkspaces:resource", "ws-12345"),
    "": (None, "cost_allocation", None),
}


@pytest.mark.parametrize("billed_id", RESOURCES)
def test_what_a_charge_is_for(billed_id: str) -> None:
    arn, kind, short_id = RESOURCES[billed_id]
    found = resource_of(billed_id, "1", "eu-west-1", "AmazonWorkSpaces", "amazonworkspaces:resource")
    assert found == ((arn or billed_id or None), kind, short_id)


def test_resources_of_other_partitions_and_without_a_region() -> None:
    volume = "vol-01234567"
    assert resource_of(volume, "1", "cn-north-1", "AmazonEC2", "x").arn == f"arn:aws-cn:ec2:cn-north-1:1:volume/{volume}"
    assert resource_of(volume, "1", "", "AmazonEC2", "x") == (volume, "x", volume)


@pytest.mark.parametrize(
    ("region", "home_region", "partition"),
    [
        ("eu-west-1", "", "aws"),
        ("cn-northwest-1", "", "aws-cn"),
        ("us-gov-east-1", "", "aws-us-gov"),
        ("", "us-gov-west-1", "aws-us-gov"),
        ("", "", "aws"),
    ],
)
def test_a_bucket_is_in_the_partition_of_its_region_or_of_its_accounts(
    region: str, home_region: str, partition: str
) -> None:
    found = resource_of("logs", "1", region, "AmazonS3", "x", home_region)
    assert found == (f"arn:{partition}:s3:::logs", "s3:bucket", "logs")


def test_a_bucket_charged_without_a_region_is_in_its_accounts_partition(catalog: Catalog, tmp_path: Path) -> None:
    account = Account("111111111111", "gov", None, ("us-gov-west-1",))
    charge = line(line_item_product_code="AmazonS3", line_item_resource_id="logs", product_region_code="")
    (row,) = rows_of(catalog, tmp_path / "x.parquet", cur_table([charge]), account).to_pylist()
    assert row["resource_arn"] == "arn:aws-us-gov:s3:::logs"


def test_every_property_of_a_charge_is_described(catalog: Catalog, tmp_path: Path) -> None:
    described = CHARGE.property_names("cost")
    for read_as in map(load_format, format_names()):
        kinds = {column.name: stored_as(column.kind) for column in read_as.columns} | {TAGS: TEXT_MAP}
        nothing = pa.table({name: pa.nulls(1, kind) for name, kind in kinds.items()})
        assert set(read_as.charges_of(nothing).properties) <= described


def test_tags_are_told_apart_in_slices_and_whatever_their_order() -> None:
    kind = pa.map_(pa.string(), pa.string())
    maps = [[("user:Customer", "a")], [("user_tenant", "c"), ("user_Customer", "b")], [], None, [("user_Customer", "a")]]
    maps += [[("user_Customer", "b"), ("user_tenant", "c")], [("user_tenant", "c"), ("user_Customer", "")]]
    column = pa.array([[("skipped", "x")], *maps], kind).slice(1)
    read = TagReader(GROUPING, cur2.OWN_TAG_PREFIX).read(column)
    assert read.groups["customer"].to_pylist() == ["a", "b", None, None, "a", "b", "c"]
    assert [dict(pairs) for pairs in read.tags.to_pylist()] == [
        {"Customer": "a"},
        {"Customer": "b", "tenant": "c"},
        {},
        {},
        {"Customer": "a"},
        {"Customer": "b", "tenant": "c"},
        {"Customer": "", "tenant": "c"},
    ]


def test_tags_in_json_keep_their_keys_and_tell_numbers_as_text() -> None:
    batch = pa.record_batch({"Tags": ['{"env": "prod", "user_env": "x", "size": 3, "gone": null}', None, "{}"]})
    column = gathered(batch, {"Tags": focus.TAG_COLUMNS[0]}, PLACE)
    read = TagReader(GROUPING, focus.FORMAT.own_tag_prefix).read(column)
    assert read.tags.to_pylist()[0] == [("env", "prod"), ("user_env", "x"), ("size", "3")]
    assert read.groups["env"].to_pylist() == ["prod", None, None]


@given(st.lists(st.floats(-1e15, 1e15) | st.sampled_from([0.1, 1e-7, 5e-324, -0.0, 0.30000000000000004]), min_size=1))
def test_a_double_counts_as_the_shortest_decimal_that_names_it(costs: list[float]) -> None:
    money = converted(pa.array(costs), "cost", ValueKind.MONEY, PLACE)
    assert money.to_pylist() == [Decimal(repr(cost)).quantize(MONEY_STEP, ROUND_HALF_EVEN) for cost in costs]


TIMES = {
    "2024-09-18 23:00:00": datetime(2024, 9, 18, 23),  # noqa: DTZ001
    "2024-09-18T23:00:00Z": datetime(2024, 9, 18, 23),  # noqa: DTZ001
    "2024-09-18T23:00Z": datetime(2024, 9, 18, 23),  # noqa: DTZ001
    "2024-09-18T23:00:00.1239999+02:00": None,
    "2024-09-19T01:00:00+02:00": datetime(2024, 9, 18, 23),  # noqa: DTZ001
    "2024-09-18": datetime(2024, 9, 18),  # noqa: DTZ001
}


@pytest.mark.parametrize("text", [text for text, moment in TIMES.items() if moment])
def test_times_in_text_are_read_as_utc(text: str) -> None:
    assert converted(pa.array([text]), "start", ValueKind.TIME, PLACE).to_pylist() == [TIMES[text]]


def test_times_with_a_zone_are_read_as_utc() -> None:
    moment = pa.array([1_726_700_400_123_456], pa.timestamp("us", "Europe/Berlin"))
    assert converted(moment, "start", ValueKind.TIME, PLACE).cast(pa.int64()).to_pylist() == [1_726_700_400_123]


amounts = st.decimals(-1000, 1000, places=12).map(float) | st.floats(-1e6, 1e6).map(lambda cost: round(cost, 10))
line_items = st.builds(
    line,
    day=st.integers(1, 28),
    cost=amounts,
    line_item_line_item_type=st.sampled_from(list(AMORTIZED)),
    line_item_resource_id=st.sampled_from([*RESOURCES, None]),
    resource_tags=st.none()
    | st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3, unique_by=lambda t: t[0]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(line_items, max_size=12))
def test_any_bill_conserves_its_total_and_has_stable_unique_ids(lines: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        made = [rows_of(CATALOG, Path(folder) / "x.parquet", cur_table(lines)) for _ in range(2)]
        assert made[0].equals(made[1])
        spools = DaySpools(Path(folder))
        spools.append(made[0].slice(0, 5))
        spools.append(made[0].slice(5))
        spooled = [rows for day in spools.rows for rows in spools.read(day)]
    expected = sum((_cents(item["line_item_unblended_cost"]) for item in lines), Decimal(0))
    assert total(made[0]) == sum(spools.value.values(), Decimal(0)) == expected
    ids = [event_id for rows in spooled for event_id in rows["event_id"].to_pylist()]
    assert sorted(ids) == sorted(made[0]["event_id"].to_pylist())
    assert len(set(ids)) == len(lines)


def test_spools_need_no_codec_that_the_layer_lacks(tmp_path: Path) -> None:
    rows = rows_of(CATALOG, tmp_path / "x.parquet", cur_table([line(10, 1.0) for _ in range(100)]))
    DaySpools(tmp_path, plain_bytes=0).append(rows)
    assert gzip.decompress((tmp_path / "2026-11-10.gz").read_bytes()).count(b"AmazonEC2") >= 100


def test_spools_that_grow_too_large_are_compressed_from_then_on_and_read_in_order(tmp_path: Path) -> None:
    rows = rows_of(CATALOG, tmp_path / "x.parquet", cur_table([line(10, float(cost)) for cost in range(6)]))
    spools = DaySpools(tmp_path, plain_bytes=1)
    for start in range(0, 6, 2):
        spools.append(rows.slice(start, 2))
    assert {path.name for path in tmp_path.iterdir()} >= {"2026-11-10", "2026-11-10.gz"}
    read = [cost for table in spools.read(datetime(2026, 11, 10, tzinfo=UTC).date()) for cost in table["value"].to_pylist()]
    assert read == list(range(6))


def _cents(cost: float) -> Decimal:
    return Decimal(repr(cost)).quantize(MONEY_STEP, ROUND_HALF_EVEN)


def test_the_real_sample_arrives_whole(make_lake: MakeLake, recordings: Path) -> None:
    sample = recordings / "focus_1_0_sample.csv"
    lake = with_bills(make_lake(), FOCUS)
    put(lake, "bills/azure/sample.csv", sample.read_bytes())
    assert run(lake).published == {"azure.sample.csv": 1000}
    events = seen(lake)
    assert total(events) == Decimal("20.52022672899")
    assert len(set(events["event_id"].to_pylist())) == 1000
    with sample.open(encoding="utf-8", newline="") as file:
        billed = list(csv.DictReader(file))
    for column, theirs in {"provider": "ProviderName", "aws_account_id": "SubAccountId", "service": "ServiceName"}.items():
        assert _by(events, column) == _sums((row[theirs], row["BilledCost"]) for row in billed)
    assert total(events, "amortized_cost_usd") == sum(Decimal(row["EffectiveCost"]) for row in billed)
    assert sum(bool(tags) for tags in events["tags"].to_pylist()) == sum(
        row["Tags"] not in ("NULL", "{}", "") for row in billed
    )


def _by(events: pa.Table, column: str) -> dict[Any, Decimal]:
    return _sums(zip(events[column].to_pylist(), events["value"].to_pylist(), strict=True))


def _sums(pairs: Any) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for key, amount in pairs:
        sums[key] += Decimal(amount)
    return dict(sums)


def test_focus_is_the_same_in_csv_gzipped_and_in_parquet(make_lake: MakeLake) -> None:
    rows = [FOCUS_ROW, FOCUS_ROW | {"ResourceId": "NULL", "SubAccountId": "", "BillingAccountId": "b"}]
    rows = [dict.fromkeys({key for row in rows for key in row}, "NULL") | row for row in rows]
    typed = pa.Table.from_pylist(
        [{key: None if cell in ("", "NULL") else cell for key, cell in row.items()} for row in rows]
    )
    typed = typed.set_column(typed.column_names.index("BilledCost"), "BilledCost", pa.array([1.5, 1.5]))
    start = pa.array([datetime(2026, 11, 2, 3, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC"))
    typed = typed.set_column(typed.column_names.index("ChargePeriodStart"), "ChargePeriodStart", start)
    text = csv_bytes(*rows)
    made = []
    for name, body in {
        "a.csv": b"\xef\xbb\xbf" + text,
        "a.csv.gz": gzip.compress(text),
        "a.parquet": parquet(typed),
    }.items():
        lake = with_bills(make_lake(), FOCUS)
        put(lake, f"bills/azure/{name}", body)
        assert run(lake).failures == []
        made.append(seen(lake).drop(["event_id", "ingested_at"]))
    assert made[0].equals(made[1])
    assert made[0].equals(made[2])
    assert sorted(made[0]["aws_account_id"].to_pylist()) == ["0123", "b"]


def test_a_cur_bill_read_as_one_by_its_columns_of_tomorrow_and_without_optional_ones(make_lake: MakeLake) -> None:
    lake = with_bills(make_lake(), CUR)
    few = [column.name for column in cur2.COLUMNS if column.is_required]
    Export(lake).deliver(cur_table([line(cost=2)]).select(few))
    assert run(lake).failures == []
    (row,) = seen(lake).to_pylist()
    assert (row["resource_type"], row["net_cost_usd"], row["tags"]) == ("cost_allocation", 2, [])
