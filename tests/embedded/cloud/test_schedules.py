"""Schedules fired on request: placeholders, the schedule's role, retries, both kinds of dead letters."""

from datetime import UTC, datetime

import pytest

from embedded.cloud import CloudError, EmbeddedCloud, deploy_template
from tests.embedded.cloud.conftest import messages
from tests.embedded.cloud.templates import (
    ECHO,
    FAIL,
    allow,
    att,
    function,
    queue,
    ref,
    schedule,
    template,
)

INPUT = '{"slot": "<aws.scheduler.scheduled-time>", "attempt": "<aws.scheduler.attempt-number>"}'
NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_a_schedule_invokes_its_function_with_its_time(enforced: EmbeddedCloud) -> None:
    deploy_template(
        enforced,
        template(queue("Dead"), function("Echo", ECHO), schedule("Hourly", "Echo", INPUT, "Dead")),
        name="hourly",
    )
    enforced.enforce_iam()

    fired = enforced.fire("hourly", at=NINE)

    assert fired.error is None
    assert fired.attempts == 1
    assert fired.payload == {"slot": "2026-03-01T09:00:00Z", "attempt": "1"}
    assert "hourly" in [one["name"] for one in enforced.schedules()]


def test_a_function_that_fails_is_tried_again_and_ends_in_its_own_dead_letter_queue(
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
            schedule("Nightly", "Failing", INPUT, "Dead"),
            outputs={"Dead": ref("Dead")},
        ),
        name="nightly",
    )
    fired = cloud.fire("nightly", at=NINE)

    assert (fired.error, fired.attempts) == ("Unhandled", 3)
    assert fired.payload["errorMessage"] == "no such bill"
    assert fired.delivered_to is not None
    (letter,) = messages(cloud, outputs["Dead"])
    assert letter["body"]["slot"] == "2026-03-01T09:00:00Z"


def test_what_a_schedule_may_not_invoke_ends_in_the_schedules_dead_letter_queue(
    enforced: EmbeddedCloud,
) -> None:
    outputs = deploy_template(
        enforced,
        template(
            queue("Dead"),
            function("Echo", ECHO),
            schedule("Barred", "Echo", INPUT, "Dead", retries=1, may_invoke=False),
            outputs={"Dead": ref("Dead")},
        ),
        name="barred",
    )
    enforced.enforce_iam()

    fired = enforced.fire("barred", at=NINE)

    assert (fired.error, fired.attempts) == ("AccessDeniedException", 2)
    (letter,) = messages(enforced, outputs["Dead"])
    assert letter["body"]["attempt"] == "2"
    assert letter["attributes"]["ERROR_CODE"] == "AccessDeniedException"
    assert letter["attributes"]["RETRY_ATTEMPTS"] == "1"


def test_an_unknown_schedule_is_answered_with_those_that_there_are(cloud: EmbeddedCloud) -> None:
    with pytest.raises(CloudError, match="0 schedules match 'never'"):
        cloud.fire("never")


def test_a_queues_own_policy_is_enough_for_dead_letters(enforced: EmbeddedCloud) -> None:
    account = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": att("Dead"),
        "Condition": account,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [ref("Dead")], "PolicyDocument": document},
        }
    }
    parts = schedule("Lent", "Echo", INPUT, "Dead", retries=0, may_invoke=False)
    parts["LentRole"]["Properties"].pop("Policies")
    parts["LentRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = account
    outputs = deploy_template(
        enforced,
        template(queue("Dead"), policy, function("Echo", ECHO), parts, outputs={"Dead": ref("Dead")}),
        name="lent",
    )
    enforced.enforce_iam()

    assert enforced.fire("lent", at=NINE).error == "AccessDeniedException"
    assert len(messages(enforced, outputs["Dead"])) == 1


def test_starts_and_dead_letters_are_measured_so_that_a_second_one_rings_too(enforced: EmbeddedCloud) -> None:
    parts = schedule("Measured", "Echo", INPUT, "Dead", retries=0, may_invoke=False)
    outputs = deploy_template(
        enforced, template(queue("Dead"), function("Echo", ECHO), parts, outputs={"Dead": ref("Dead")}), name="measured"
    )
    name = outputs["Dead"].rpartition("/")[2]
    watched = {
        "sent": ("AWS/SQS", "NumberOfMessagesSent", "QueueName", name),
        "starts": ("AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", "default"),
        "refused": ("AWS/Scheduler", "TargetErrorCount", "ScheduleGroup", "default"),
    }
    for alarm, (namespace, metric, dimension, value) in watched.items():
        enforced.client("cloudwatch").put_metric_alarm(
            AlarmName=f"measured-{alarm}",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
    enforced.enforce_iam()
    for _ in range(2):
        enforced.forget_metrics()  # time passes, and nobody has looked at the first letter
        enforced.fire("measured", at=NINE)
        states = {one["name"]: (one["state"], one["value"]) for one in enforced.alarms()}
        assert {alarm: states[f"measured-{alarm}"] for alarm in watched} == dict.fromkeys(watched, ("ALARM", 1.0))
