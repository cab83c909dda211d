"""What SQS and EventBridge Scheduler measure of themselves: messages sent to a queue, starts of a group's schedules."""

from typing import Any

from moto.core.utils import utcnow
from moto.sqs.models import SQSBackend

from embedded.cloud.function_logs import put_metrics


def install() -> None:
    """Lets moto's SQS count the messages that are sent."""
    sqs: Any = SQSBackend
    send = sqs.send_message

    def send_and_count(self: Any, queue_name: str, *arguments: Any, **named: Any) -> Any:
        message = send(self, queue_name, *arguments, **named)
        _count(self.account_id, self.region_name, "AWS/SQS", "NumberOfMessagesSent", "QueueName", queue_name)
        return message

    sqs.send_message = send_and_count


def count_start(account: str, region: str, group: str, *, failed: bool) -> None:
    """Count an attempt of a schedule to start its target; failed: the target's API refused it."""
    _count(account, region, "AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", group)
    if failed:
        _count(account, region, "AWS/Scheduler", "TargetErrorCount", "ScheduleGroup", group)


def _count(account: str, region: str, namespace: str, metric: str, dimension: str, value: str) -> None:
    put_metrics(
        account,
        region,
        namespace,
        [
            {
                "MetricName": metric,
                "Value": 1.0,
                "Unit": "Count",
                "Dimensions": [{"Name": dimension, "Value": value}],
                "Timestamp": utcnow(),
            }
        ],
    )
