"""Faults on request: what a rule befalls fails as AWS fails, and nothing else does."""

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.cloud import CloudError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.templates import allow, function, template

CALLS = """
import boto3
from botocore.config import Config

once = Config(retries={"total_max_attempts": 1}, read_timeout=5)

def handler(event, context):
    client = boto3.client(event["service"], config=once)
    try:
        answer = getattr(client, event["call"])(**event.get("arguments", {}))
    except Exception as error:
        answer = getattr(error, "response", None)
        return answer["Error"]["Code"] if answer else type(error).__name__
    return {key: len(value) for key, value in answer.items() if isinstance(value, list)}
"""
METRICS = {
    "MetricDataQueries": [{"Id": "a", "Expression": "1"}],
    "StartTime": 0,
    "EndTime": 60,
}


@pytest.fixture(scope="module")
def calling(cloud: EmbeddedCloud) -> EmbeddedCloud:
    deploy_template(cloud, template(function("Calling", CALLS, allow(["*"]))), name="faulty")
    return cloud


@pytest.fixture
def faulty(calling: EmbeddedCloud) -> Iterator[EmbeddedCloud]:
    yield calling
    calling.clear_faults()


def call(cloud: EmbeddedCloud, service: str, name: str, **arguments: Any) -> Any:
    done = cloud.invoke("faulty-Calling", {"service": service, "call": name, "arguments": arguments})
    assert done.error is None, done.payload
    return done.payload


@pytest.mark.parametrize(
    ("service", "operation", "name", "arguments", "kind", "code"),
    [
        ("ec2", "DescribeVolumes", "describe_volumes", {}, "throttle", "RequestLimitExceeded"),
        ("ec2", "DescribeVolumes", "describe_volumes", {}, "deny", "UnauthorizedOperation"),
        ("sts", "GetCallerIdentity", "get_caller_identity", {}, "throttle", "Throttling"),
        ("s3", "GetObject", "get_object", {"Bucket": "b", "Key": "k/l"}, "throttle", "SlowDown"),
        ("s3", "ListObjectsV2", "list_objects_v2", {"Bucket": "b"}, "503", "ServiceUnavailable"),
        ("glue", "GetDatabases", "get_databases", {}, "throttle", "ThrottlingException"),
        ("athena", "ListWorkGroups", "list_work_groups", {}, "throttle", "TooManyRequestsException"),
        ("dynamodb", "ListTables", "list_tables", {}, "500", "InternalError"),
        ("lambda", "Invoke", "invoke", {"FunctionName": "nobody"}, "throttle", "TooManyRequestsException"),
        ("monitoring", "GetMetricData", "get_metric_data", METRICS, "throttle", "Throttling"),
        ("ec2", "DescribeVolumes", "describe_volumes", {}, "drop", "ConnectionClosedError"),
        ("ec2", "DescribeVolumes", "describe_volumes", {}, "half", "ResponseParserError"),
    ],
)
def test_an_error_comes_in_the_shape_that_the_sdk_knows(
    faulty: EmbeddedCloud, service: str, operation: str, name: str, arguments: dict[str, Any], kind: str, code: str
) -> None:
    faulty.inject(service, operation, kind)
    called = "cloudwatch" if service == "monitoring" else service
    assert call(faulty, called, name, **arguments) == code


def test_only_the_calls_that_a_rule_names_fail_and_only_as_often_as_it_says(faulty: EmbeddedCloud) -> None:
    faulty.inject("ec2", "DescribeVolumes", "throttle", caller="faulty-Calling", nth=2, times=1, region="us-east-1")
    answers = [call(faulty, "ec2", "describe_volumes") for _ in range(3)]
    assert answers == [{"Volumes": 0}, "RequestLimitExceeded", {"Volumes": 0}]
    assert call(faulty, "ec2", "describe_addresses") == {"Addresses": 0}
    assert faulty.client("ec2").describe_volumes()["Volumes"] == [], "administrators are spared"
    assert [rule["seen"] for rule in faulty.clear_faults()] == [3]


@pytest.mark.parametrize("kind", ["kill", "kill after"])
def test_the_calling_process_is_killed_before_its_call_or_after(faulty: EmbeddedCloud, kind: str) -> None:
    bucket = f"killed-{kind.replace(' ', '-')}"
    faulty.inject("s3", "CreateBucket", kind)
    done = faulty.invoke("faulty-Calling", {"service": "s3", "call": "create_bucket", "arguments": {"Bucket": bucket}})
    assert done.payload["errorType"] == "Runtime.ExitError"
    made = bucket in {one["Name"] for one in faulty.client("s3").list_buckets()["Buckets"]}
    assert made == (kind == "kill after")
    assert call(faulty, "ec2", "describe_addresses") == {"Addresses": 0}, "the next call gets a new process"


def test_a_function_is_killed_with_its_answer_on_its_lips(faulty: EmbeddedCloud) -> None:
    faulty.inject("runtime", "Response", "kill", caller="faulty-Calling", times=1)
    done = faulty.invoke("faulty-Calling", {"service": "ec2", "call": "describe_addresses"})
    assert done.payload["errorType"] == "Runtime.ExitError"
    assert call(faulty, "ec2", "describe_addresses") == {"Addresses": 0}


def test_pages_can_be_shorter_than_asked_for(faulty: EmbeddedCloud) -> None:
    for _ in range(7):
        faulty.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
    faulty.inject("ec2", "DescribeVolumes", "short pages", size=5)
    assert call(faulty, "ec2", "describe_volumes", MaxResults=1000) == {"Volumes": 5}


def test_an_unknown_fault_is_refused(faulty: EmbeddedCloud) -> None:
    with pytest.raises(CloudError, match="There is no fault 'earthquake'; choose from: throttle"):
        faulty.inject("ec2", "DescribeVolumes", "earthquake")
