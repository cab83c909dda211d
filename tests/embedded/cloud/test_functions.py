"""Deployed functions: their own process, role, logs, retries and dead letters."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from embedded.cloud import CloudError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.conftest import messages
from tests.embedded.cloud.templates import (
    ECHO,
    FAIL,
    allow,
    att,
    bucket,
    function,
    queue,
    ref,
    template,
)

WRITE = """
import boto3

def handler(event, context):
    print("writing", event["bucket"])
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="a/b.txt", Body=b"x")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""
SLEEP = "import time\n\ndef handler(event, context):\n    time.sleep(30)\n"
EXIT = "import os\n\ndef handler(event, context):\n    os._exit(3)\n"
BROKEN = "import nowhere_to_be_found\n"
RECURSE = """
import json
import boto3

def handler(event, context):
    if event["depth"] == 0:
        return 0
    inner = {"depth": event["depth"] - 1}
    answer = boto3.client("lambda").invoke(FunctionName=context.function_name, Payload=json.dumps(inner))
    return 1 + json.load(answer["Payload"])
"""
OUTSIDE = """
import urllib.request

def handler(event, context):
    urllib.request.urlopen("https://example.com")
"""


def test_a_function_acts_under_its_own_role_and_no_further(enforced: EmbeddedCloud) -> None:
    deploy_template(
        enforced,
        template(
            bucket("Own", "roles-own"),
            bucket("Other", "roles-other"),
            function("Writer", WRITE, allow(["s3:PutObject"], {"Fn::Sub": "${Own.Arn}/*"})),
        ),
        name="roles",
    )
    enforced.enforce_iam()

    permitted = enforced.invoke("roles-Writer", {"bucket": "roles-own"})
    denied = enforced.invoke("roles-Writer", {"bucket": "roles-other"})

    assert permitted.error is None
    assert ":assumed-role/roles-WriterRole-" in permitted.payload
    assert denied.error == "Unhandled"
    assert "AccessDenied" in denied.payload["errorMessage"]
    assert "s3:PutObject" in denied.payload["errorMessage"]


def test_an_error_is_told_as_lambda_tells_it_with_the_log_and_metrics(cloud: EmbeddedCloud) -> None:
    deploy_template(cloud, template(function("Failing", FAIL)), name="errors")
    name = cloud.invoke("errors-Failing", {}).function

    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}", LogType="Tail")

    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    error = json.load(answer["Payload"])
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such bill")
    assert "index.py" in error["stackTrace"][0]
    assert answer["LogResult"]
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert any("no such bill" in event["message"] for event in events)
    assert "no such bill" in cloud.logs("errors-Failing")


def test_a_failed_asynchronous_invocation_is_tried_three_times_and_ends_in_the_dead_letter_queue(
    cloud: EmbeddedCloud,
) -> None:
    outputs = deploy_template(
        cloud,
        template(
            queue("Dead"),
            function(
                "Failing",
                FAIL,
                allow(["sqs:SendMessage"], att("Dead")),
                DeadLetterConfig={"TargetArn": att("Dead")},
            ),
            outputs={"Dead": ref("Dead"), "Name": ref("Failing")},
        ),
        name="dead",
    )
    cloud.client("lambda").invoke(FunctionName=outputs["Name"], InvocationType="Event", Payload=b'{"day": "2026-01-01"}')
    cloud.drain()

    (letter,) = messages(cloud, outputs["Dead"])
    assert letter["body"] == {"day": "2026-01-01"}
    assert letter["attributes"]["ErrorMessage"] == "no such bill"
    assert cloud.logs("dead-Failing").count("[ERROR] ValueError") == 3


def test_destinations_get_the_outcome_with_request_and_response(cloud: EmbeddedCloud) -> None:
    config = {
        "Config": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": ref("Echo"),
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnSuccess": {"Destination": att("Done")}},
            },
        }
    }
    outputs = deploy_template(
        cloud,
        template(
            queue("Done"),
            function("Echo", ECHO, allow(["sqs:SendMessage"], att("Done"))),
            config,
            outputs={"Done": ref("Done"), "Name": ref("Echo")},
        ),
        name="destinations",
    )
    cloud.client("lambda").invoke(FunctionName=outputs["Name"], InvocationType="Event", Payload=b'{"a": 1}')
    cloud.drain()

    (letter,) = messages(cloud, outputs["Done"])
    assert letter["body"]["requestPayload"] == {"a": 1}
    assert letter["body"]["responsePayload"] == {"a": 1}
    assert letter["body"]["requestContext"]["condition"] == "Success"


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (SLEEP, "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        (EXIT, "Runtime.ExitError", "exit status 3"),
        (BROKEN, "Runtime.ImportModuleError", "nowhere_to_be_found"),
    ],
    ids=["timeout", "exit", "import"],
)
def test_a_process_that_ends_or_hangs_is_an_error_and_the_next_call_gets_a_new_one(
    cloud: EmbeddedCloud, code: str, kind: str, words: str
) -> None:
    stack = kind.replace(".", "").lower()
    deploy_template(cloud, template(function("Bad", code, Timeout=1)), name=stack)

    for _ in range(2):
        answer = cloud.invoke(f"{stack}-Bad", {})
        assert answer.error == "Unhandled"
        assert answer.payload["errorType"] == kind
        assert words in answer.payload["errorMessage"]


def test_a_function_may_invoke_itself(enforced: EmbeddedCloud) -> None:
    deploy_template(
        enforced,
        template(function("Deep", RECURSE, allow(["lambda:InvokeFunction"]))),
        name="recursion",
    )
    enforced.enforce_iam()

    assert enforced.invoke("recursion-Deep", {"depth": 2}).payload == 2


def test_two_calls_at_once_have_two_processes_and_a_later_one_reuses_them(
    cloud: EmbeddedCloud,
) -> None:
    code = "import os, time\n\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()\n"
    deploy_template(cloud, template(function("Slow", code)), name="parallel")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: cloud.invoke("parallel-Slow", 1).payload, range(2))

    third = cloud.invoke("parallel-Slow", 0).payload

    assert first != second
    assert third in (first, second)


def test_no_function_reaches_another_machine(cloud: EmbeddedCloud) -> None:
    deploy_template(cloud, template(function("Curious", OUTSIDE)), name="outside")
    before = len(cloud.blocked_connections())

    answer = cloud.invoke("outside-Curious", {})

    assert "may only talk to the machine it runs on" in answer.payload["errorMessage"]
    attempts = cloud.blocked_connections()[before:]
    assert "example.com" in attempts[0]["address"]


def test_an_unknown_function_is_answered_with_the_names_that_there_are(
    cloud: EmbeddedCloud,
) -> None:
    with pytest.raises(CloudError, match="0 functions match 'no-such-function'"):
        cloud.invoke("no-such-function", {})
