"""Every recorded answer of the four operations: each resource in it becomes exactly one event, and an error an outcome."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.scanning.discovery import load_collector
from collectors.scanning.events import Origin
from collectors.scanning.scan import Scanned, Scanner
from collectors.scanning.scope import Unit
from lake.catalog import Catalog
from lake.configuration import Account
from tests.unit.collectors.conftest import NO_GROUPING
from tests.unit.collectors.replay import RECORDED_ACCOUNT, access_answered_by, case_of, error, load, recorded

SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
REGION = "us-east-1"
ARN = f"arn:aws:ec2:{REGION}:{RECORDED_ACCOUNT}:"

EVERY_INSTANCE = ("Reservations", "*", "Instances", "*")
OPERATIONS: dict[str, tuple[str, tuple[str, ...], str, str, str]] = {
    "ec2_instances": ("DescribeInstances", EVERY_INSTANCE, "InstanceId", "ec2:instance", "instance/"),
    "ebs_volumes": ("DescribeVolumes", ("Volumes", "*"), "VolumeId", "ebs:volume", "volume/"),
    "nat_gateways": ("DescribeNatGateways", ("NatGateways", "*"), "NatGatewayId", "vpc:nat_gateway", "natgateway/"),
    "elastic_ips": ("DescribeAddresses", ("Addresses", "*"), "AllocationId", "elastic_ip", "elastic-ip/"),
}
"""Collector: operation, where its records are, the field with their id, resource type, what precedes the id in the ARN."""

FIELDS = {
    "ec2_instances": {
        "instance_type": "InstanceType",
        "ami_id": "ImageId",
        "subnet_id": "SubnetId",
        "vpc_id": "VpcId",
        "launch_time": "LaunchTime",
        "state": "State.Name",
        "availability_zone": "Placement.AvailabilityZone",
        "iam_instance_profile": "IamInstanceProfile.Arn",
        "private_ip": "PrivateIpAddress",
        "public_ip": "PublicIpAddress",
        "platform_details": "PlatformDetails",
        "attached_volumes": "BlockDeviceMappings.*.Ebs.VolumeId",
    },
    "ebs_volumes": {
        "volume_type": "VolumeType",
        "size_gb": "Size",
        "iops": "Iops",
        "throughput_mbps": "Throughput",
        "encrypted": "Encrypted",
        "attached_instance": "Attachments.*.InstanceId",
        "state": "State",
        "create_time": "CreateTime",
        "snapshot_id": "SnapshotId",
        "kms_key_id": "KmsKeyId",
    },
    "nat_gateways": {
        "vpc_id": "VpcId",
        "subnet_id": "SubnetId",
        "state": "State",
        "connectivity_type": "ConnectivityType",
        "public_ip": "NatGatewayAddresses.*.PublicIp",
        "create_time": "CreateTime",
    },
    "elastic_ips": {
        "instance_id": "InstanceId",
        "public_ip": "PublicIp",
        "private_ip": "PrivateIpAddress",
        "association_id": "AssociationId",
        "network_interface_id": "NetworkInterfaceId",
        "domain": "Domain",
    },
}
"""Property: the path of its value in the record."""


def cases() -> list[Any]:
    return [
        pytest.param(collector, path, id=case_of(path))
        for collector, (operation, *_) in OPERATIONS.items()
        for path in recorded(operation)
    ]


def follow(record: Any, path: tuple[str, ...]) -> list[Any]:
    """Every value at the end of path; `*` stands for each entry of a list."""
    if not path:
        return [record]
    if path[0] == "*":
        return [value for entry in record for value in follow(entry, path[1:])]
    return follow(record[path[0]], path[1:]) if path[0] in record else []


def as_text(values: list[Any]) -> str | None:
    """How a property spells what the record says."""
    spelled = []
    for value in values:
        if isinstance(value, datetime):
            spelled.append(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
        else:
            spelled.append({True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))
    return ",".join(spelled) or None


@pytest.fixture
def scan(catalog: Catalog, tmp_path: Path) -> Callable[[str, Path], tuple[Scanned, list[dict[str, Any]]]]:
    """Scans one recording; gives its outcome and its rows. What was not recorded is denied."""

    def run(name: str, path: Path) -> tuple[Scanned, list[dict[str, Any]]]:
        operation = path.name.split(".")[1].rsplit("_", 1)[0]
        access = access_answered_by(lambda *call: load(path) if call[2] == operation else error("AccessDenied", 403))
        scanner = Scanner(load_collector(name), catalog.table("outlay.resource_events"), NO_GROUPING, tmp_path, lambda: True)
        origin = Origin(name, "config", SLOT, Unit(Account(RECORDED_ACCOUNT, "Recorded"), REGION))
        scanned = scanner.visit(origin, access)
        return scanned, [row for batch in scanned.batches() for row in batch.to_pylist()]

    return run


@pytest.mark.parametrize(("collector", "path"), cases())
def test_each_recorded_resource_is_one_event(scan: Any, collector: str, path: Path) -> None:
    status, answer = load(path)
    scanned, found = scan(collector, path)
    if status >= 400:
        assert scanned.outcome.status == "failed"
        assert scanned.outcome.error_code == answer["Error"]["Code"]
        assert found == []
        return
    _, where, id_field, resource_type, arn_prefix = OPERATIONS[collector]
    # One recording lists an instance twice, with other tags: it is one resource, and what was said first stands.
    records = {record[id_field]: record for record in reversed(follow(answer, where))}
    assert sorted(row["resource_id"] for row in found) == sorted(records)
    assert (scanned.outcome.status, scanned.outcome.event_count) == ("ok", len(records))
    for row in found:
        record, properties = records[row["resource_id"]], dict(row["properties"])
        assert row["resource_type"] == resource_type
        assert row["resource_arn"] == f"{ARN}{arn_prefix}{row['resource_id']}"
        assert dict(row["tags"]) == {tag["Key"]: tag["Value"] for tag in record.get("Tags", [])}
        assert row["resource_name"] == dict(row["tags"]).get("Name")
        expected = {name: as_text(follow(record, tuple(at.split(".")))) for name, at in FIELDS[collector].items()}
        assert {name: properties.get(name) for name in expected} == expected
        check_special_cases(collector, record, row, properties)


def check_special_cases(collector: str, record: dict[str, Any], row: dict[str, Any], properties: dict[str, str]) -> None:
    """What does not stand in the record as it is."""
    if collector == "ec2_instances":
        assert properties["platform"] == ("windows" if record.get("Platform") == "windows" else "linux")
        assert (row["value"], row["unit"]) == (1, "count")
    elif collector == "ebs_volumes":
        assert (row["value"], row["unit"]) == (record["Size"], "GiB")
    elif collector == "elastic_ips":
        assert properties["associated"] == ("true" if "AssociationId" in record else "false")
        assert properties["state"] == ("associated" if "AssociationId" in record else "unassociated")
