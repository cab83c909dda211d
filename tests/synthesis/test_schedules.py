"""Everything that runs by itself: started, retried, and told of when it gave up."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from collectors.scanning.declaration import Collector
from collectors.scanning.discovery import collectors, load_collector
from infra.constructs.schedules import COLLECTOR_MINUTES, collector_schedules
from infra.stacks.rollups import SCHEDULE
from tests.synthesis.templates import Assembly

SLOT = "<aws.scheduler.scheduled-time>"


def test_every_collector_has_its_schedule(assembly: Assembly) -> None:
    started = {
        event["collector"]: schedule["ScheduleExpression"]
        for schedule in assembly.resources("AWS::Scheduler::Schedule", "Collection")
        if "collector" in (event := json.loads(schedule["Target"]["Input"]))
    }
    assert started == collector_schedules(collectors())
    assert started


def minutes(made: dict[str, Collector]) -> dict[str, int]:
    """The minute of each collector's schedule."""
    found = {
        name: re.fullmatch(r"cron\((\d+) (?:\*|1) \* \* \? \*\)", text) for name, text in collector_schedules(made).items()
    }
    return {name: int(match[1]) for name, match in found.items() if match}


def test_no_two_functions_start_in_the_same_minute_and_collectors_end_before_the_rollups(assembly: Assembly) -> None:
    some = load_collector("ebs_volumes")
    found = minutes({f"collector_{number}": some for number in range(len(COLLECTOR_MINUTES))})
    assert sorted(found.values()) == sorted(COLLECTOR_MINUTES)
    assert not {10, 20, 40} & set(found.values()), "bills, rollups, messages"
    assert all((minute + 15) % 60 < 20 or minute >= 20 for minute in found.values())
    started = [s["ScheduleExpression"] for s in assembly.resources("AWS::Scheduler::Schedule")]
    assert len({expression.split()[0] for expression in started}) == len(started)


def test_a_collectors_minute_is_its_own_whoever_else_there_is() -> None:
    some = load_collector("ebs_volumes")
    few = minutes({name: some for name in ("a", "k", "z")})
    assert few == minutes({name: some for name in ("z", "k", "a")})
    many = minutes({f"collector_{number}": some for number in range(100)})
    assert len(many) == 100
    assert max(list(many.values()).count(minute) for minute in many.values()) == 3
    assert [minutes({"a": some, f"new_{n}": some})["a"] for n in range(20)].count(few["a"]) >= 19


def test_a_daily_collector_runs_once_after_midnight() -> None:
    daily = replace(load_collector("ebs_volumes"), schedule="daily")
    (expression,) = collector_schedules({"daily": daily}).values()
    assert re.fullmatch(r"cron\(\d+ 1 \* \* \? \*\)", expression)


def test_collect_may_run_for_every_collector_at_once(assembly: Assembly) -> None:
    (collect,) = [f for f in assembly.resources("AWS::Lambda::Function") if f["FunctionName"] == "outlay-collect"]
    assert collect["ReservedConcurrentExecutions"] == len(collectors()) + 2


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
