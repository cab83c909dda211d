"""Slack that is slow, down or closed, and a notifier that dies: what there is to say is said, and its row is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pytest

from tests.deployed.faults.ground import Ground, fault, later
from tests.unit.collectors.bills.bill_builder import line

AGAIN = "the next run says it, once"
RINGS = "alarms notify-errors and alerts-dead-letters; the sentence says what to mend"


@pytest.fixture(scope="module")
def finding(ground: Ground) -> Ground:
    """A broken budget that nobody has been told of."""
    ground.deliver([line(day, 150.0 if day == 10 else 20.0) for day in range(9, 12)])
    ground.settle(later(0))
    return ground


@pytest.fixture
def unsaid(finding: Ground) -> Ground:
    """Nobody has been told of anything."""
    finding.forget_messages()
    finding.cloud.forget_metrics()
    finding.dead_letters()
    return finding


def say(ground: Ground, minutes: int = 40, attempts: int = 1, error: str | None = None) -> None:
    done = ground.fire("notify", later(minutes))
    assert (done.error, done.attempts) == (error, attempts), done.payload


def said_once(ground: Ground) -> bool:
    """One message, and one row that names it."""
    (message,) = ground.messages()
    rows = ground.rows("select kind, message_ts from notifications")
    return [(row["kind"], row["message_ts"]) for row in rows] == [("opened", message["ts"])]


@fault("Slack answers 429 once", "none: the notifier waits as long as Slack asks", "nothing to repair")
def test_slack_asks_for_patience(unsaid: Ground) -> None:
    unsaid.cloud.slack_fail_next("ratelimited", retry_after=1)
    say(unsaid)
    assert said_once(unsaid)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(error, marks=fault(f"Slack {what}", "alarm notify-errors", "the second attempt says it"), id=what)
        for error, what in (("http_500", "answers 500 once"), ("timeout", "does not answer once"))
    ],
)
def test_slack_fails_once(unsaid: Ground, error: str) -> None:
    unsaid.cloud.slack_fail_next(error)
    say(unsaid, attempts=2)
    assert unsaid.alarm("notify-errors") == 1
    assert said_once(unsaid)
    say(unsaid, 100)
    assert said_once(unsaid), "nothing new, nothing said"


@fault("Slack refuses a message's blocks", "the log: refused_blocks", "nothing to repair: the plain line is said")
def test_slack_dislikes_the_looks(unsaid: Ground) -> None:
    unsaid.cloud.slack_fail_next("invalid_blocks")
    say(unsaid)
    assert said_once(unsaid)
    assert not unsaid.messages()[0]["blocks"]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param("token_revoked", marks=fault("the Slack token is revoked", RINGS, AGAIN), id="token revoked"),
        pytest.param("channel_not_found", marks=fault("the Slack channel is gone", RINGS, AGAIN), id="channel gone"),
    ],
)
def test_a_person_has_to_mend_slack(unsaid: Ground, error: str) -> None:
    unsaid.cloud.slack_fail_next(error, times=3)
    done = unsaid.fire("notify", later(40))
    assert (done.error, done.attempts) == ("Unhandled", 3)
    assert error in done.payload["errorMessage"]
    assert "xoxb" not in done.log + str(done.payload)
    assert unsaid.alarm("alerts-dead-letters") == 1
    assert unsaid.messages() == []
    say(unsaid, 100)
    assert said_once(unsaid)


@fault("Slack is down for a day", RINGS, AGAIN)
def test_slack_is_down_for_a_day(unsaid: Ground) -> None:
    hours = (0, 23)
    unsaid.cloud.slack_fail_next("http_503", times=3 * len(hours))
    for hour in hours:
        done = unsaid.fire("notify", later(0) + timedelta(hours=hour))
        assert done.error == "Unhandled"
    assert unsaid.alarm("notify-errors") == 3 * len(hours)
    assert unsaid.alarm("alerts-dead-letters") == len(hours)
    say(unsaid, 24 * 60)
    assert said_once(unsaid)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        pytest.param(service, operation, marks=fault(what, RINGS, AGAIN), id=what)
        for service, operation, what in (
            ("secretsmanager", "GetSecretValue", "the Slack secret cannot be read"),
            ("dynamodb", "PutItem", "what was said cannot be remembered"),
        )
    ],
)
def test_the_notifier_lacks_what_it_needs(unsaid: Ground, service: str, operation: str) -> None:
    unsaid.inject(service, operation, "deny", caller=unsaid.caller("notify"))
    say(unsaid, attempts=3, error="Unhandled")
    unsaid.cloud.clear_faults()
    assert unsaid.messages() == [], "what cannot be remembered is not said"
    assert unsaid.alarm("alerts-dead-letters") == 1
    say(unsaid, 100)
    assert said_once(unsaid)


@fault("two notifiers at once", "none", "nothing to repair: one of them says it")
def test_two_notifiers_say_it_once(unsaid: Ground) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: unsaid.cloud.fire("notify", later(40)), range(2)))
    assert [one.error for one in done] == [None, None]
    assert len(unsaid.messages()) == 1
    say(unsaid, 100)
    assert said_once(unsaid)


def time_passes(ground: Ground) -> None:
    """As long as a run may last: what a dead one had begun counts as undone."""
    table = boto3.resource("dynamodb").Table(f"{ground.deployed.name}-sent")
    for item in table.scan()["Items"]:
        if item["status"] == "INPROGRESS":
            table.update_item(
                Key={"id": item["id"]},
                UpdateExpression="SET in_progress_expiration = :past",
                ExpressionAttributeValues={":past": 1000},
            )


@fault("notify killed before it speaks", "alarm notify-errors", "once the dead run's time is over, the next run says it")
def test_a_notifier_that_dies_before_it_speaks_is_replaced(unsaid: Ground) -> None:
    unsaid.inject("dynamodb", "PutItem", "kill after", caller=unsaid.caller("notify"), times=1)
    say(unsaid, attempts=2)
    assert (unsaid.messages(), unsaid.alarm("notify-errors")) == ([], 1)
    time_passes(unsaid)
    say(unsaid, 100)
    assert said_once(unsaid)


@fault(
    "notify killed between Slack's answer and remembering it",
    "alarm notify-errors",
    "the next run says it again: at worst a message is doubled, never lost, and it has one row",
)
def test_a_notifier_that_dies_before_it_remembers_says_it_again(unsaid: Ground) -> None:
    unsaid.inject("dynamodb", "UpdateItem", "kill", caller=unsaid.caller("notify"), times=1)
    say(unsaid, attempts=2)
    assert len(unsaid.messages()) == 1, "the second attempt does not repeat it"
    time_passes(unsaid)
    say(unsaid, 100)
    assert len(unsaid.messages()) == 2
    assert len(unsaid.rows("select * from notifications")) == 1


@fault("notify killed between remembering and recording", "alarm notify-errors", "the second attempt writes the row")
def test_a_notifier_that_dies_before_it_records_does_so_later(unsaid: Ground) -> None:
    unsaid.inject("s3", "PutObject", "kill", caller=unsaid.caller("notify"), containing="/notifications/", times=1)
    say(unsaid, attempts=2)
    assert said_once(unsaid)
