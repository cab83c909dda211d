"""Stacks: order, updates in place, failures told and rolled back, custom resources, Glue tables."""

import json
from typing import Any

import pytest

from embedded.cloud import DeployError, EmbeddedCloud, deploy_template
from embedded.cloud.deploy import destroy
from embedded.cloud.templates import dependency_order, references
from tests.embedded.cloud.templates import ECHO, att, bucket, function, queue, ref, template

ANSWER = """
import json
import urllib.request

def handler(event, context):
    print("asked", json.dumps(event))
    wanted = event["ResourceProperties"]
    answer = {
        "Status": "FAILED" if wanted.get("Fail") == "true" else "SUCCESS",
        "Reason": "told to fail",
        "PhysicalResourceId": "views",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Hash": wanted.get("Hash", "") + "!"},
    }
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""


def custom(**properties: Any) -> dict[str, Any]:
    return {
        "Views": {
            "Type": "Custom::Views",
            "Properties": {"ServiceToken": att("Maker"), **properties},
        }
    }


def table(*columns: str) -> dict[str, Any]:
    database = {"CatalogId": "111111111111", "DatabaseInput": {"Name": "shop"}}
    storage = {
        "Columns": [{"Name": name, "Type": "string"} for name in columns],
        "Location": "s3://shop/t/",
    }
    partition_keys = [{"Name": "day", "Type": "date"}]
    definition = {"Name": "orders", "StorageDescriptor": storage, "PartitionKeys": partition_keys}
    return {
        "Shop": {"Type": "AWS::Glue::Database", "Properties": database},
        "Orders": {
            "Type": "AWS::Glue::Table",
            "Properties": {
                "CatalogId": "111111111111",
                "DatabaseName": ref("Shop"),
                "TableInput": definition,
            },
        },
    }


def test_references_are_found_in_every_form() -> None:
    value = {"a": [ref("A"), att("B")], "c": {"Fn::Sub": ["${C.Arn}/${x}/${!D}", {"x": ref("E")}]}}
    assert references(value) == {"A", "B", "C", "x", "E"}


def test_dependencies_come_first_and_a_circle_is_refused() -> None:
    resources = {
        "A": {"Properties": ref("B")},
        "B": {"DependsOn": "C", "Properties": {}},
        "C": {"Properties": {}},
    }
    assert dependency_order(resources) == ["C", "B", "A"]
    with pytest.raises(Exception, match="Circular dependency"):
        dependency_order({"A": {"Properties": ref("B")}, "B": {"Properties": ref("A")}})


def test_a_failing_resource_is_named_and_what_was_made_is_taken_back(cloud: EmbeddedCloud) -> None:
    unknown = {"Odd": {"Type": "AWS::Odd::Thing", "Properties": {}, "DependsOn": "First"}}

    with pytest.raises(DeployError, match="Odd .*AWS::Odd::Thing can't be made by the embedded cloud"):
        deploy_template(cloud, template(bucket("First", "taken-back"), unknown), name="failing")

    buckets = [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]]
    assert "taken-back" not in buckets
    deploy_template(cloud, template(bucket("First", "taken-back")), name="failing")


def test_a_creation_that_failed_leaves_no_name_taken_and_one_that_went_well_is_kept(cloud: EmbeddedCloud) -> None:
    named = {"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "111111111111", "DatabaseInput": {"Name": "kept"}}}
    kept = {"Kept": {**named, "DeletionPolicy": "RetainExceptOnCreate"}}
    broken = {"Views": {**custom(Fail="true")["Views"], "DependsOn": "Kept"}}
    for _ in range(2):
        with pytest.raises(DeployError, match="told to fail"):
            deploy_template(cloud, template(kept, function("Maker", ANSWER), broken), name="retried")
    deploy_template(cloud, template(kept), name="retried")
    destroy(cloud, "retried")
    assert cloud.client("glue").get_database(Name="kept")["Database"]["Name"] == "kept"


def test_what_a_rolled_back_update_made_goes_again(cloud: EmbeddedCloud) -> None:
    deploy_template(cloud, template(function("Maker", ANSWER)), name="unmade")
    new = bucket("New", "made-and-unmade")
    new["New"]["DeletionPolicy"] = "RetainExceptOnCreate"
    broken = {"Views": {**custom(Fail="true")["Views"], "DependsOn": "New"}}
    with pytest.raises(DeployError, match="told to fail"):
        deploy_template(cloud, template(new, function("Maker", ANSWER), broken), name="unmade")
    assert "made-and-unmade" not in [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]]


def test_a_creation_whose_remains_resist_is_said_to_be_stuck(cloud: EmbeddedCloud) -> None:
    filler = ANSWER.replace(
        "    wanted = ", '    import boto3; boto3.client("s3").put_object(Bucket="filled", Key="k")\n    wanted = '
    )
    broken = {"Views": {**custom(Fail="true")["Views"], "DependsOn": "Filled"}}
    with pytest.raises(DeployError, match="told to fail"):
        deploy_template(cloud, template(bucket("Filled", "filled"), function("Maker", filler), broken), name="stuck")
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="stuck")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_FAILED"


def test_an_update_changes_in_place_adds_and_removes(cloud: EmbeddedCloud) -> None:
    lambda_client = cloud.client("lambda")
    before = deploy_template(
        cloud,
        template(function("Echo", ECHO), queue("Old"), outputs={"Name": ref("Echo")}),
        name="changing",
    )
    variables = {"Variables": {"QUEUE": ref("New")}}
    after = deploy_template(
        cloud,
        template(
            function("Echo", ECHO, Environment=variables, Timeout=7),
            queue("New"),
            outputs={"Name": ref("Echo"), "New": ref("New")},
        ),
        name="changing",
    )

    configuration = lambda_client.get_function_configuration(FunctionName=after["Name"])
    urls = cloud.client("sqs").list_queues().get("QueueUrls", [])
    assert after["Name"] == before["Name"]
    assert configuration["Timeout"] == 7
    assert configuration["Environment"]["Variables"] == {"QUEUE": after["New"]}
    assert not any("changing-Old" in url for url in urls)


def test_a_failed_update_is_rolled_back_to_what_was(cloud: EmbeddedCloud) -> None:
    deploy_template(cloud, template(function("Maker", ANSWER), custom(Hash="1")), name="rolled")
    with pytest.raises(DeployError, match="told to fail"):
        deploy_template(
            cloud,
            template(function("Maker", ANSWER), custom(Hash="2", Fail="true"), queue("Extra")),
            name="rolled",
        )

    stack = cloud.client("cloudformation").describe_stacks(StackName="rolled")["Stacks"][0]
    urls = cloud.client("sqs").list_queues().get("QueueUrls", [])
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert not any("rolled-Extra" in url for url in urls)
    events = cloud.client("cloudformation").describe_stack_events(StackName="rolled")["StackEvents"]
    assert "UPDATE_ROLLBACK_IN_PROGRESS" in {event["ResourceStatus"] for event in events}


@pytest.mark.parametrize("fails", ["Views", "Later"])
def test_a_rollback_tells_a_custom_resource_that_the_failed_update_is_the_old_one(cloud: EmbeddedCloud, fails: str) -> None:
    name = f"swapped-{fails.lower()}"
    deploy_template(cloud, template(function("Maker", ANSWER), custom(Hash="1")), name=name)
    failing = custom(Hash="2", Fail="true") if fails == "Views" else custom(Hash="2")
    later = {"Later": {**custom(Fail="true")["Views"], "DependsOn": "Views"}}
    with pytest.raises(DeployError, match="told to fail"):
        deploy_template(cloud, template(function("Maker", ANSWER), failing, later), name=name)

    lines = cloud.logs(f"{name}-Maker").splitlines()
    asked = [json.loads(line.removeprefix("asked ")) for line in lines if line.startswith("asked ")]
    updates = [event for event in asked if event["LogicalResourceId"] == "Views" and event["RequestType"] == "Update"]
    hashes = [(event["OldResourceProperties"]["Hash"], event["ResourceProperties"]["Hash"]) for event in updates]
    assert hashes == [("1", "2"), ("2", "1")]


def test_nothing_changed_is_no_update(cloud: EmbeddedCloud) -> None:
    first = deploy_template(cloud, template(queue("Q"), outputs={"Q": ref("Q")}), name="same")
    assert deploy_template(cloud, template(queue("Q"), outputs={"Q": ref("Q")}), name="same") == first


def test_a_custom_resource_is_created_updated_and_deleted_by_its_function(
    cloud: EmbeddedCloud,
) -> None:
    maker = function("Maker", ANSWER)
    shown = {"Hash": att("Views", "Hash"), "Ref": ref("Views")}
    created = deploy_template(cloud, template(maker, custom(Hash="1"), outputs=shown), name="custom")
    updated = deploy_template(cloud, template(maker, custom(Hash="2"), outputs=shown), name="custom")
    deploy_template(cloud, template(maker), name="custom")

    lines = cloud.logs("custom-Maker").splitlines()
    asked = [json.loads(line.removeprefix("asked ")) for line in lines if line.startswith("asked ")]
    assert (created, updated) == ({"Hash": "1!", "Ref": "views"}, {"Hash": "2!", "Ref": "views"})
    assert [event["RequestType"] for event in asked] == ["Create", "Update", "Delete"]
    assert asked[1]["OldResourceProperties"]["Hash"] == "1"
    assert asked[2]["PhysicalResourceId"] == "views"


def test_a_column_added_to_a_glue_table_leaves_its_partitions(cloud: EmbeddedCloud) -> None:
    glue = cloud.client("glue")
    deploy_template(cloud, template(table("id")), name="tables")
    glue.create_partition(
        DatabaseName="shop",
        TableName="orders",
        PartitionInput={
            "Values": ["2026-01-01"],
            "StorageDescriptor": {"Location": "s3://shop/t/day=2026-01-01/"},
        },
    )
    deploy_template(cloud, template(table("id", "note")), name="tables")

    columns = glue.get_table(DatabaseName="shop", Name="orders")["Table"]["StorageDescriptor"]["Columns"]
    partitions = glue.get_partitions(DatabaseName="shop", TableName="orders")["Partitions"]
    assert [column["Name"] for column in columns] == ["id", "note"]
    assert [partition["Values"] for partition in partitions] == [["2026-01-01"]]


def test_destroy_removes_everything_but_what_is_to_be_retained(cloud: EmbeddedCloud) -> None:
    kept = bucket("Kept", "kept-bucket")
    kept["Kept"]["DeletionPolicy"] = "Retain"
    deploy_template(cloud, template(kept, bucket("Gone", "gone-bucket")), name="destroyed")
    destroy(cloud, "destroyed")

    buckets = [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]]
    assert "kept-bucket" in buckets
    assert "gone-bucket" not in buckets
