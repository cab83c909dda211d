"""What goes wrong is told: every function, queue and schedule group has its alarm, and the alarms get through."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from infra.constructs.schedules import starts_a_day
from tests.synthesis.templates import Assembly


def watched(assembly: Assembly, namespace: str, metric: str) -> dict[str, dict[str, Any]]:
    """Alarms on a metric, by the value of their only dimension."""
    found = [
        a
        for a in assembly.resources("AWS::CloudWatch::Alarm")
        if (a.get("Namespace"), a.get("MetricName")) == (namespace, metric)
    ]
    return {alarm["Dimensions"][0]["Value"]: alarm for alarm in found}


def test_every_unattended_function_is_watched(assembly: Assembly) -> None:
    names = {f["FunctionName"] for f in assembly.resources("AWS::Lambda::Function")} - {"outlay-schema"}
    assert set(watched(assembly, "AWS/Lambda", "Errors")) == names
    assert set(watched(assembly, "AWS/Lambda", "Throttles")) == names


def test_every_queue_and_every_schedule_group_is_watched(assembly: Assembly) -> None:
    queues = {queue["QueueName"] for queue in assembly.resources("AWS::SQS::Queue")}
    assert set(watched(assembly, "AWS/SQS", "NumberOfMessagesSent")) == queues, "a second message rings while one lies there"
    groups = {group["Name"] for group in assembly.resources("AWS::Scheduler::ScheduleGroup")}
    assert set(watched(assembly, "AWS/Scheduler", "TargetErrorCount")) == groups


def test_failed_audits_are_watched_under_the_service_that_emits_them(assembly: Assembly) -> None:
    services = {
        f["FunctionName"]: f["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for f in assembly.resources("AWS::Lambda::Function")
    }
    assert set(watched(assembly, "Outlay", "RollupsFailed")) == {services["outlay-rollup"]}
    namespaces = {
        f["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for f in assembly.resources("AWS::Lambda::Function")
    }
    assert namespaces == {"Outlay"}


def test_scans_ring_by_the_ratio_of_those_that_failed_not_for_one_account_of_many(assembly: Assembly) -> None:
    (alarm,) = [a for a in assembly.resources("AWS::CloudWatch::Alarm") if a["AlarmName"] == "outlay-scans-failed"]
    ratio, *counted = sorted(alarm["Metrics"], key=lambda metric: "Expression" not in metric)
    assert ratio["Expression"] == "100 * failed / tried"
    metrics = {metric["Id"]: metric["MetricStat"]["Metric"] for metric in counted}
    assert {name: metric["MetricName"] for name, metric in metrics.items()} == {"failed": "ScansFailed", "tried": "Scans"}
    for metric in metrics.values():
        assert metric["Namespace"] == "Outlay"
        assert metric["Dimensions"] == [{"Name": "service", "Value": "outlay-collect"}]
    assert [metric["ReturnData"] for metric in counted] == [False, False]
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("GreaterThanOrEqualToThreshold", "notBreaching")
    assert 100 * 1 / 100 < alarm["Threshold"] <= 100 / 3


@pytest.mark.parametrize("function", ["outlay-rollup", "outlay-collect", "outlay-notify"])
def test_silence_is_an_alarm(assembly: Assembly, function: str) -> None:
    alarm = watched(assembly, "AWS/Lambda", "Invocations")[function]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 3)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_a_bill_that_stopped_rings_and_so_does_a_function_that_no_longer_looks(assembly: Assembly) -> None:
    alarm = watched(assembly, "Outlay", "BillsOverdue")["outlay-bills"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 24)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_one_schedule_that_is_off_is_missed_among_those_that_start(assembly: Assembly) -> None:
    expected: Counter[str] = Counter()
    for schedule in assembly.resources("AWS::Scheduler::Schedule"):
        group = assembly.templates[schedule["_stack"]]["Resources"][schedule["GroupName"].strip("<>")]["Properties"]["Name"]
        expected[group] += starts_a_day(schedule["ScheduleExpression"])
    found = watched(assembly, "AWS/Scheduler", "InvocationAttemptCount")
    assert {group: alarm["Threshold"] for group, alarm in found.items()} == dict(expected)
    for alarm in found.values():
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (86_400, 2)
        assert alarm["ComparisonOperator"] == "LessThanThreshold"


@pytest.mark.parametrize(
    ("expression", "starts"),
    [
        ("rate(1 hour)", 24),
        ("rate(5 minutes)", 288),
        ("rate(1 day)", 1),
        ("rate(2 days)", 0),
        ("cron(20 * * * ? *)", 24),
        ("cron(0 6 * * ? *)", 1),
        ("cron(0/15 * * * ? *)", 96),
        ("cron(5,35 8-17 * * ? *)", 20),
        ("cron(0 6 ? * MON *)", 0),
    ],
)
def test_starts_of_a_day_are_counted(expression: str, starts: int) -> None:
    assert starts_a_day(expression) == starts


def test_only_its_own_account_and_group_let_scheduler_take_a_role(assembly: Assembly) -> None:
    roles = [r for r in assembly.resources("AWS::IAM::Role") if r.get("RoleName", "").endswith("-schedules")]
    assert len(roles) == 3
    for role in roles:
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        group = role["RoleName"].removesuffix("-schedules")
        source = f"arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/{group}"
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "<AWS::AccountId>"}
        assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": source}


def test_every_alarm_rings_the_topic_and_the_topic_lets_it(assembly: Assembly) -> None:
    topic = assembly.one("AWS::SNS::Topic", "Alerts")
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == [f"<{topic['_id']}>"]
        assert alarm["AlarmDescription"]
    statements = assembly.one("AWS::SNS::TopicPolicy", "Alerts")["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "<AWS::AccountId>"}}


def test_what_was_sent_is_remembered_for_a_while(assembly: Assembly) -> None:
    table = assembly.one("AWS::DynamoDB::Table", "Alerts")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
