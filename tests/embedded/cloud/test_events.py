"""What starts functions besides calls: objects that arrive, queues, and alarms on what came of it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.cloud import DeployError, EmbeddedCloud, deploy, deploy_template
from tests.embedded.cloud.conftest import messages
from tests.embedded.cloud.templates import ECHO, allow, att, bucket, function, queue, ref, template

PRINT = "import json\n\ndef handler(event, context):\n    print('got', json.dumps(event))\n"
PICKY = """
def handler(event, context):
    failed = [record for record in event["Records"] if "bad" in record["body"]]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}
"""


def wait_for(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_manifest_that_arrives_starts_the_function_that_waits_for_it_and_data_does_not(cloud: EmbeddedCloud) -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["bills-in"]}, "object": {"key": [{"suffix": "-Manifest.json"}]}},
    }
    rule = {
        "Arrived": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": pattern, "Targets": [{"Id": "t", "Arn": att("Reader")}]},
        }
    }
    notify = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    source = bucket("In", "bills-in", NotificationConfiguration=notify)
    deploy_template(cloud, template(source, function("Reader", PRINT), rule), name="arrivals")

    for key in ("export/data/part.parquet", "export/metadata/export-Manifest.json"):
        cloud.client("s3").put_object(Bucket="bills-in", Key=key, Body=b"x")

    log = wait_for(lambda: cloud.logs("arrivals-Reader"))
    event = json.loads(log.split("got ", 1)[1].splitlines()[0])
    assert event["detail"]["object"]["key"] == "export/metadata/export-Manifest.json"
    assert event["detail"]["reason"] == "PutObject"
    assert "part.parquet" not in cloud.logs("arrivals-Reader")


def test_of_a_batch_only_what_failed_comes_again_and_ends_in_the_dead_letter_queue(cloud: EmbeddedCloud) -> None:
    redrive = {"deadLetterTargetArn": att("Dead"), "maxReceiveCount": 2}
    mapping = {
        "Feed": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": att("Work"),
                "FunctionName": ref("Picky"),
                "BatchSize": 5,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        }
    }
    outputs = deploy_template(
        cloud,
        template(
            queue("Dead"),
            queue("Work", RedrivePolicy=redrive),
            function("Picky", PICKY, allow(["sqs:*"])),
            mapping,
            outputs={"Dead": ref("Dead"), "Work": ref("Work")},
        ),
        name="batches",
    )
    for body in ('"good"', '"bad"'):
        cloud.client("sqs").send_message(QueueUrl=outputs["Work"], MessageBody=body)

    assert wait_for(lambda: messages(cloud, outputs["Dead"])) == [{"body": "bad", "attributes": {}}]


def test_an_alarm_sees_a_functions_errors(cloud: EmbeddedCloud) -> None:
    alarm = {
        "Errors": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "sometimes-errors",
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": ref("Sometimes")}],
                "Statistic": "Sum",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
            },
        }
    }
    code = "def handler(event, context):\n    return 1 / event\n"
    deploy_template(cloud, template(function("Sometimes", code), alarm), name="alarms")

    def state() -> str:
        return next(str(one["state"]) for one in cloud.alarms() if one["name"] == "sometimes-errors")

    states = [state()]
    for divisor in (1, 0):
        cloud.invoke("alarms-Sometimes", divisor)
        states.append(state())
    assert states == ["OK", "OK", "ALARM"]


def test_an_alarm_compares_a_ratio_of_two_metrics(cloud: EmbeddedCloud) -> None:
    def counted(name: str) -> dict[str, object]:
        metric = {"Namespace": "Ratios", "MetricName": name, "Dimensions": [{"Name": "service", "Value": "scan"}]}
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False}

    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "ratio",
            "Metrics": [{"Id": "ratio", "Expression": "100 * failed / tried"}, counted("failed"), counted("tried")],
            "EvaluationPeriods": 1,
            "Threshold": 25,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        },
    }
    deploy_template(cloud, template({"Ratio": alarm}), name="ratios")
    states = []
    for failed, tried in ((0, 0), (24, 100), (9, 0), (9, 32)):
        for name, value in (("failed", failed), ("tried", tried)):
            datum = {"MetricName": name, "Value": value, "Dimensions": [{"Name": "service", "Value": "scan"}]}
            cloud.client("cloudwatch").put_metric_data(Namespace="Ratios", MetricData=[datum])
        states.append(next((one["state"], one["value"]) for one in cloud.alarms() if one["name"] == "ratio"))
    assert states == [("OK", None), ("OK", 24.0), ("ALARM", 33.0), ("ALARM", 42 / 132 * 100)]


def test_objects_are_deleted_together_only_where_each_may_be(enforced: EmbeddedCloud) -> None:
    code = (
        "import boto3\n\ndef handler(event, context):\n"
        "    keys = {'Objects': [{'Key': key} for key in event]}\n"
        "    boto3.client('s3').delete_objects(Bucket='sweeping', Delete=keys)\n"
    )
    may = allow(["s3:DeleteObject"], "arn:aws:s3:::sweeping/old/*")
    deploy_template(enforced, template(bucket("B", "sweeping"), function("Sweep", code, may)), name="sweep")
    s3 = enforced.client("s3")
    for key in ("old/a&b", "old/c", "new/d"):
        s3.put_object(Bucket="sweeping", Key=key, Body=b"x")
    enforced.enforce_iam()

    denied = enforced.invoke("sweep-Sweep", ["old/c", "new/d"])
    done = enforced.invoke("sweep-Sweep", ["old/a&b", "old/c"])

    assert "AccessDenied" in denied.payload["errorMessage"]
    assert done.error is None
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="sweeping")["Contents"]] == ["new/d"]


def test_nobody_in_particular_reads_nothing(enforced: EmbeddedCloud) -> None:
    enforced.client("s3").create_bucket(Bucket="private")
    enforced.enforce_iam()
    stranger = boto3.client(
        "s3",
        endpoint_url=enforced.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIANOBODY",
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.list_objects_v2(Bucket="private")


def test_a_cloud_assembly_is_deployed_with_its_assets_in_dependency_order(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    asset = tmp_path / "asset.1"
    asset.mkdir()
    (asset / "index.py").write_text(ECHO)
    used = template(function("Echo", ""), outputs={"Name": ref("Echo")})
    used["Resources"]["Echo"]["Properties"]["Code"] = {"S3Bucket": "cdk-assets-here", "S3Key": "1.zip"}
    used["Resources"]["Echo"]["Properties"]["Environment"] = {"Variables": {"Q": {"Fn::ImportValue": "shared-queue"}}}
    shared = template(queue("Q"))
    shared["Outputs"] = {"Q": {"Value": ref("Q"), "Export": {"Name": "shared-queue"}}}
    destination = {"bucketName": "cdk-assets-here", "objectKey": "1.zip"}
    source = {"path": "asset.1", "packaging": "zip"}
    files = {"files": {"1": {"source": source, "destinations": {"here": destination}}}}

    def stack(name: str, *after: str) -> dict[str, Any]:
        return {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {"templateFile": f"{name}.template.json", "stackName": f"assembly-{name}"},
            "dependencies": list(after),
        }

    manifest = {
        "artifacts": {
            "used": stack("used", "shared", "used.assets"),
            "shared": stack("shared"),
            "used.assets": {"type": "cdk:asset-manifest", "properties": {"file": "used.assets.json"}},
        }
    }
    for name, content in (
        ("manifest", manifest),
        ("used.assets", files),
        ("used.template", used),
        ("shared.template", shared),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))

    lines: list[str] = []
    outputs = deploy(cloud, tmp_path, lines.append)

    assert lines == ["uploading assets of used", "deploying assembly-shared", "deploying assembly-used"]
    assert cloud.invoke(outputs["assembly-used"]["Name"], {"a": 1}).payload == {"a": 1}
    (tmp_path / "used.template.json").write_text(json.dumps(template({"X": {"Type": "AWS::No::Type"}})))
    with pytest.raises(DeployError, match=r"assembly-used: X \(AWS::No::Type\)"):
        deploy(cloud, tmp_path)
