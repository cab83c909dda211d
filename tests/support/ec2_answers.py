"""EC2's answers as it sends them: any described record as XML, and places full of made-up instances and volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
FIRST_LAUNCH = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def output_shape(operation: str) -> Any:
    """What botocore knows of an EC2 operation's answer."""
    return botocore.session.get_session().get_service_model("ec2").operation_model(operation).output_shape


def to_xml(operation: str, answer: Mapping[str, Any], request_id: str = "00000000-0000") -> bytes:
    """An answer, given as botocore would have parsed it, as the XML that EC2 would have sent."""
    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{NAMESPACE}">']
    parts.append(f"<requestId>{escape(request_id)}</requestId>")
    parts += _structure(output_shape(operation), answer)
    parts.append(f"</{operation}Response>")
    return "".join(parts).encode()


def _structure(shape: Any, value: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        if value.get(name) is not None:
            tag = member.serialization.get("name", name)
            yield f"<{tag}>"
            yield from _element(member, value[name])
            yield f"</{tag}>"


def _element(shape: Any, value: Any) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value)
    elif shape.type_name == "list":
        for item in value:
            yield "<item>"
            yield from _element(shape.member, item)
            yield "</item>"
    elif shape.type_name == "timestamp":
        yield f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    elif shape.type_name == "boolean":
        yield str(value).lower()
    else:
        yield escape(str(value), {"\r": "&#13;"})


def volume(number: int) -> dict[str, Any]:
    """One gp3 volume, attached, with six tags; the same number is always the same volume."""
    created = FIRST_LAUNCH + timedelta(minutes=number % 400_000)
    return {
        "Attachments": [
            {
                "AttachTime": created,
                "Device": "/dev/sda1",
                "InstanceId": f"i-{number:017x}",
                "State": "attached",
                "VolumeId": f"vol-{number:017x}",
                "DeleteOnTermination": True,
            }
        ],
        "AvailabilityZone": "us-east-1a",
        "CreateTime": created,
        "Encrypted": True,
        "KmsKeyId": f"arn:aws:kms:us-east-1:111111111111:key/{number % 20:08x}-0000-4000-8000-000000000000",
        "Size": 8 + number % 500,
        "SnapshotId": f"snap-{number % 50:017x}",
        "State": "in-use",
        "VolumeId": f"vol-{number:017x}",
        "Iops": 3000,
        "Tags": tags(number),
        "VolumeType": "gp3",
        "MultiAttachEnabled": False,
        "Throughput": 125,
    }


def instance(number: int) -> dict[str, Any]:
    """One instance with two volumes, one interface and six tags, in all the fields that EC2 gives today."""
    launched, address = FIRST_LAUNCH + timedelta(minutes=number % 400_000), f"10.{number >> 16 & 255}.{number >> 8 & 255}.9"
    groups = [{"GroupName": f"group-{number % 7}", "GroupId": f"sg-{number % 7:017x}"}]
    return {
        "AmiLaunchIndex": 0,
        "ImageId": f"ami-{number % 40:017x}",
        "InstanceId": f"i-{number:017x}",
        "InstanceType": ("m7g.large", "r7g.xlarge", "c7i.2xlarge")[number % 3],
        "KeyName": "operations",
        "LaunchTime": launched,
        "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": "us-east-1a", "GroupName": "", "Tenancy": "default"},
        "PrivateDnsName": f"ip-{address.replace('.', '-')}.ec2.internal",
        "PrivateIpAddress": address,
        "ProductCodes": [],
        "PublicDnsName": "",
        "State": {"Code": 16, "Name": "running"},
        "StateTransitionReason": "",
        "SubnetId": f"subnet-{number % 30:017x}",
        "VpcId": f"vpc-{number % 5:017x}",
        "Architecture": "arm64",
        "BlockDeviceMappings": [_mapping(number, n, launched) for n in range(2)],
        "ClientToken": f"{number:08x}-1111-4111-8111-111111111111",
        "EbsOptimized": True,
        "EnaSupport": True,
        "Hypervisor": "xen",
        "IamInstanceProfile": {
            "Arn": f"arn:aws:iam::111111111111:instance-profile/role-{number % 9}",
            "Id": "AIPA0000000000000000",
        },
        "NetworkInterfaces": [_interface(number, address, groups, launched)],
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SecurityGroups": groups,
        "SourceDestCheck": True,
        "Tags": tags(number),
        "VirtualizationType": "hvm",
        "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        "EnclaveOptions": {"Enabled": False},
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": launched,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "CurrentInstanceBootMode": "uefi",
    }


def reservation(number: int) -> dict[str, Any]:
    """One reservation of one instance, as an Auto Scaling group makes them."""
    return {
        "ReservationId": f"r-{number:017x}",
        "OwnerId": "111111111111",
        "RequesterId": "940372691376",
        "Groups": [],
        "Instances": [instance(number)],
    }


def tags(number: int) -> list[dict[str, str]]:
    """The six tags of a resource."""
    values = {
        "Name": f"node-{number}",
        "customer": f"customer-{number % 60}",
        "env": ("prod", "staging", "dev")[number % 3],
        "team": f"team-{number % 12}",
        "aws:autoscaling:groupName": f"fleet-{number % 25}",
        "managed-by": "terraform",
    }
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _mapping(number: int, n: int, launched: datetime) -> dict[str, Any]:
    ebs = {
        "AttachTime": launched,
        "DeleteOnTermination": True,
        "Status": "attached",
        "VolumeId": f"vol-{2 * number + n:017x}",
    }
    return {"DeviceName": f"/dev/xvd{'ab'[n]}", "Ebs": ebs}


def _interface(number: int, address: str, groups: list[dict[str, str]], launched: datetime) -> dict[str, Any]:
    return {
        "Attachment": {
            "AttachTime": launched,
            "AttachmentId": f"eni-attach-{number:017x}",
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "Status": "attached",
            "NetworkCardIndex": 0,
        },
        "Description": "",
        "Groups": groups,
        "Ipv6Addresses": [],
        "MacAddress": f"0a:00:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        "NetworkInterfaceId": f"eni-{number:017x}",
        "OwnerId": "111111111111",
        "PrivateDnsName": f"ip-{address.replace('.', '-')}.ec2.internal",
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": address}],
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": f"subnet-{number % 30:017x}",
        "VpcId": f"vpc-{number % 5:017x}",
        "InterfaceType": "interface",
    }
