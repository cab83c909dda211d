"""The fast reading of EC2's answers gives what botocore gives: on every recording, and on whatever the API may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.parsers import EC2QueryParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.models import botocore_stubber

from collectors.aws import ebs_volumes, ec2_instances
from collectors.scanning.ec2_xml import _Answers, ec2_client
from collectors.scanning.events import Origin
from collectors.scanning.member_role import MemberAccess
from collectors.scanning.scope import Unit
from lake.configuration import Account
from tests.support.ec2_answers import instance, output_shape, to_xml, volume
from tests.support.transport import Network, environment
from tests.unit.collectors.replay import case_of, load, recorded

OPERATIONS = ("DescribeInstances", "DescribeVolumes")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("<>&\n\t]"), max_size=12)
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31),
    "long": st.integers(-(2**63), 2**63),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "timestamp": st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    ),
}


class Operation:
    """Stands where botocore's OperationModel stands."""

    def __init__(self, name: str) -> None:
        self.name, self.output_shape = name, output_shape(name)


def read(operation: str, body: bytes, *unread: str, fast: bool = True, status: int = 200) -> Any:
    """An answer as a client reads it: botocore's parser, with the hook before it or without."""
    response = {"status_code": status, "headers": {}, "body": body}
    found: dict[str, Any] = {}
    if fast:
        _Answers(unread)(Operation(operation), response, found)  # type: ignore[arg-type]
    parsed = EC2QueryParser().parse(response, output_shape(operation))
    return {**parsed, **found}


def answers(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Anything that an API's description allows."""
    if shape.type_name == "structure":
        members = {name: answers(member, depth + 1) for name, member in shape.members.items()} if depth < 6 else {}
        return st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.lists(answers(shape.member, depth + 1), max_size=2)
    return SCALARS.get(shape.type_name, TEXT)


def everything(shape: Any) -> Any:
    """A record in which every field that the API knows is set."""
    if shape.type_name == "structure":
        return {name: everything(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [everything(shape.member)]
    return {"boolean": True, "integer": 2, "timestamp": datetime(2026, 11, 20, tzinfo=UTC)}.get(shape.type_name, "text")


def without(shape: Any, value: Any, unread: Sequence[str]) -> Any:
    """A record without the fields that stand in these XML elements."""
    if shape.type_name == "structure":
        read = {name: member for name, member in shape.members.items() if member.serialization["name"] not in unread}
        return {name: without(member, value[name], unread) for name, member in read.items() if name in value}
    if shape.type_name == "list":
        return [without(shape.member, one, unread) for one in value]
    return value


@pytest.mark.parametrize("path", [path for operation in OPERATIONS for path in recorded(operation)], ids=case_of)
def test_every_recording_is_read_as_botocore_reads_it(path: Path) -> None:
    status, answer = load(path)
    operation = path.name.split(".")[1].rsplit("_", 1)[0]
    body = to_xml(operation, answer)
    assert read(operation, body, status=status) == read(operation, body, status=status, fast=False)


@pytest.mark.parametrize("operation", [*OPERATIONS, "DescribeNatGateways", "DescribeAddresses"])
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_api_may_say_is_read_as_botocore_reads_it(operation: str, data: st.DataObject) -> None:
    body = to_xml(operation, data.draw(answers(output_shape(operation))))
    assert read(operation, body) == read(operation, body, fast=False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>no</body></html>",
        b"<DescribeVolumesResponse><volumeSet><item>",
        b'<r xmlns="x"><volumeSet/><unheard><of>1</of></unheard></r>',
        b"<r><volumeSet><item><createTime>2026-11-20T09:00:00+0100</createTime></item></volumeSet></r>",
        b"<r><volumeSet><item><tomorrow><x/></tomorrow><size>8</size><kmsKeyId/></item></volumeSet></r>",
        b"<r><volumeSet><item><size>eight</size></item></volumeSet></r>",
    ],
)
def test_what_is_odd_ends_as_it_does_with_botocore(body: bytes) -> None:
    ends = []
    for fast in (True, False):
        try:
            ends.append(read("DescribeVolumes", body, fast=fast))
        except Exception as error:
            ends.append(type(error))
    assert ends[0] == ends[1]


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_nobody_looks_at_is_left_out_and_nothing_else(data: st.DataObject) -> None:
    shape = output_shape("DescribeInstances")
    body = to_xml("DescribeInstances", data.draw(answers(shape)))
    whole, cut = read("DescribeInstances", body), read("DescribeInstances", body, *ec2_instances.UNREAD)
    metadata = whole.pop("ResponseMetadata")
    assert cut == {**without(shape, whole, ec2_instances.UNREAD), "ResponseMetadata": metadata}


def test_no_property_of_an_instance_needs_what_is_left_out() -> None:
    shape = output_shape("DescribeInstances")
    (raw,) = everything(shape)["Reservations"][0]["Instances"]
    ((cut,),) = (r["Instances"] for r in without(shape, everything(shape), ec2_instances.UNREAD)["Reservations"])
    whole = ec2_instances.to_event(raw, "1" * 12, "us-east-1")
    assert ec2_instances.to_event(cut, "1" * 12, "us-east-1") == whole
    assert set(whole.properties) == ec2_instances.EC2_INSTANCE.property_names("config")


def test_a_client_pages_and_reads_through_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    # This folder's emulated AWS may be running; it would answer in place of the network.
    monkeypatch.setattr(botocore_stubber, "enabled", False)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    pages = [
        to_xml("DescribeVolumes", {"Volumes": [volume(page)], **({"NextToken": str(page + 1)} if page < 2 else {})})
        for page in range(3)
    ]
    network = Network(lambda account, region, operation, page: pages[page])
    with network.instead():
        session = MemberAccess("1" * 12, "KEY" + "1" * 12, "secret", "token").session()
        assert ec2_client(session, "us-east-1").describe_volumes()["NextToken"] == "1"
        unit = Unit(Account("1" * 12, "First"), "us-east-1")
        found = list(ebs_volumes.scan(session, Origin("ebs_volumes", "config", datetime(2026, 11, 20, tzinfo=UTC), unit)))
    assert [event.resource_id for event in found] == [volume(n)["VolumeId"] for n in range(3)]
    assert network.calls == {"DescribeVolumes": 4}


def test_the_made_up_instance_has_only_fields_that_the_api_knows() -> None:
    known = output_shape("DescribeInstances").members["Reservations"].member.members["Instances"].member.members
    assert set(instance(1)) <= set(known)
