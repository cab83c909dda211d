"""The inventory: what boto3 sees in a member account through its role is what the bill names."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from collectors.aws import nat_traffic
from collectors.scanning.events import Origin
from collectors.scanning.scope import Unit
from lake.configuration import Account
from local.demo.inventory import seed
from tests.unit.local.report.reports import demo_company

ACCOUNT, REGION = "222222222222", "us-east-1"


@pytest.fixture(scope="module")
def ec2():
    """EC2 of the production account, through AssumeRole from the central one."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        began = time.process_time()
        assert seed(demo_company()) > 1_300
        assert time.process_time() - began < 2
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
        role = boto3.client("sts", **keys).assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader", RoleSessionName="test")
        given = role["Credentials"]
        yield boto3.client(
            "ec2",
            region_name=REGION,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def _mine(resources):
    return {r.id: r for r in resources if (r.account_id, r.region) == (ACCOUNT, REGION)}


def _tags(item):
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}


def test_instances_have_the_ids_types_states_and_tags_of_the_company(ec2):
    wanted = _mine(demo_company().instances)
    pages = ec2.get_paginator("describe_instances").paginate()
    seen = {i["InstanceId"]: i for page in pages for r in page["Reservations"] for i in r["Instances"]}
    assert seen.keys() == wanted.keys()
    for instance_id, item in seen.items():
        company = wanted[instance_id]
        assert (item["InstanceType"], item["State"]["Name"]) == (company.instance_type, company.state)
        assert _tags(item) == company.tags


def test_volumes_are_attached_as_the_company_says_with_their_iops_and_throughput(ec2):
    wanted = _mine(demo_company().volumes)
    seen = {volume["VolumeId"]: volume for volume in ec2.describe_volumes()["Volumes"]}
    assert seen.keys() == wanted.keys()
    for volume_id, item in seen.items():
        company = wanted[volume_id]
        assert (item["VolumeType"], item["Size"], item["Iops"]) == (company.volume_type, company.size_gb, company.iops)
        assert item.get("Throughput") == company.throughput
        assert [a["InstanceId"] for a in item["Attachments"]] == ([company.instance_id] if company.instance_id else [])
        assert item["State"] == ("in-use" if company.instance_id else "available")
        assert _tags(item) == company.tags


def test_addresses_and_nat_gateways_belong_together(ec2):
    addresses = {a["AllocationId"]: a for a in ec2.describe_addresses()["Addresses"]}
    wanted = _mine(demo_company().addresses)
    assert addresses.keys() == wanted.keys()
    for allocation_id, item in addresses.items():
        assert item["PublicIp"] == wanted[allocation_id].public_ip
        assert ("AssociationId" in item) != wanted[allocation_id].idle
        assert (item.get("InstanceId") or None) == wanted[allocation_id].instance_id
    gateways = {g["NatGatewayId"]: g for g in ec2.describe_nat_gateways()["NatGateways"]}
    company = _mine(demo_company().nat_gateways)
    assert gateways.keys() == company.keys()
    for gateway_id, item in gateways.items():
        assert item["NatGatewayAddresses"][0]["AllocationId"] == company[gateway_id].address_id
        assert _tags(item) == company[gateway_id].tags


def test_every_gateway_has_carried_something_in_each_hour_of_yesterday(ec2):
    slot = datetime.now(UTC)
    unit = Unit(Account(ACCOUNT, "production"), REGION)
    session = boto3.Session("test", "test", region_name=REGION)
    session._session.set_credentials(*ec2._request_signer._credentials.get_frozen_credentials()[:3])
    events = list(nat_traffic.scan(session, Origin("nat_traffic", "metric", slot, unit)))
    assert Counter(event.resource_id for event in events) == dict.fromkeys(_mine(demo_company().nat_gateways), 24)
    assert all(event.value > 0 and event.properties["active_connections"] for event in events)
    assert {(slot.date() - event.event_time.date()).days for event in events} == {1}
