"""Everything that runs by itself: started, retried, and told of when it gave up."""

from __future__ import annotations

import json

from collectors.scanning.discovery import collectors
from infra.stacks.rollups import SCHEDULE
from tests.synthesis.templates import Assembly

SLOT = "<aws.scheduler.scheduled-time>"


def test_every_collector_has_its_schedule(assembly: Assembly) -> None:
    started = {
        event["collector"]: schedule["ScheduleExpression"]
        for schedule in assembly.resources("AWS::Scheduler::Schedule", "Collection")
        if "collector" in (event := json.loads(schedule["Target"]["Input"]))
    }
    assert started == {name: collector.schedule for name, collector in collectors().items()}
    assert started


def test_one_schedule_starts_all_rollups(assembly: Assembly) -> None:
    assert assembly.one("AWS::Scheduler::Schedule", "Rollups")["ScheduleExpression"] == SCHEDULE


def test_every_schedule_hands_on_its_slot_retries_and_gives_up_to_a_queue(assembly: Assembly) -> None:
    schedules = assembly.resources("AWS::Scheduler::Schedule")
    assert {"bills", "rollup", "notify"} <= {schedule["Name"] for schedule in schedules}
    for schedule in schedules:
        target = schedule["Target"]
        assert json.loads(target["Input"])["slot"] == SLOT
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert "DeadLetters" in target["DeadLetterConfig"]["Arn"]
        assert "SchedulesRole" in target["RoleArn"]
        assert schedule["ScheduleExpressionTimezone"] == "UTC"


def test_a_schedules_role_starts_its_functions_and_writes_its_queue_only(assembly: Assembly) -> None:
    policies = [policy for policy in assembly.resources("AWS::IAM::Policy") if "Schedules" in policy["_id"]]
    assert len(policies) == 3
    for policy in policies:
        actions = {statement["Action"] for statement in policy["PolicyDocument"]["Statement"]}
        assert actions == {"lambda:InvokeFunction", "sqs:SendMessage"}


def test_every_unattended_function_gives_up_to_its_stacks_queue(assembly: Assembly) -> None:
    configured = {item["FunctionName"] for item in assembly.resources("AWS::Lambda::EventInvokeConfig")}
    unattended = [f for f in assembly.resources("AWS::Lambda::Function") if f["FunctionName"] != "outlay-schema"]
    assert configured == {f"<{function['_id']}>" for function in unattended}
    for item in assembly.resources("AWS::Lambda::EventInvokeConfig"):
        assert "DeadLetters" in item["DestinationConfig"]["OnFailure"]["Destination"]
    for function in unattended:
        assert assembly.allowed(function["FunctionName"].removeprefix("outlay-"), "sqs:SendMessage")


def test_rollups_and_messages_never_run_twice_at_once(assembly: Assembly) -> None:
    reserved = {
        f["FunctionName"]: f.get("ReservedConcurrentExecutions") for f in assembly.resources("AWS::Lambda::Function")
    }
    assert reserved["outlay-rollup"] == reserved["outlay-notify"] == reserved["outlay-bills"] == 1


def test_queues_and_topic_take_tls_only(assembly: Assembly) -> None:
    for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for policy in assembly.resources(kind):
            denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
            assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
