"""CloudWatch alarms, evaluated when asked: moto keeps their definitions and the data, but never compares them."""

import ast
import math
import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.sqs.models import sqs_backends

_COMPARE = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_STATISTIC: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


def evaluate(account: str) -> list[dict[str, Any]]:
    """Every metric alarm of an account as name, state (OK, ALARM, INSUFFICIENT_DATA), value, reason.

    Periods end now, so an alarm sees what has just happened. Of maths on metrics, arithmetic is evaluated.
    """
    return [
        _evaluate(account, region, alarm)
        for region, backend in list(cloudwatch_backends[account].items())
        for alarm in list(backend.alarms.values())
    ]


def _evaluate(account: str, region: str, alarm: Any) -> dict[str, Any]:
    periods = int(alarm.evaluation_periods or 1)
    needed = int(alarm.datapoints_to_alarm or periods)
    values = [_value(account, region, alarm, index) for index in range(periods)]
    breaching = [value for value in values if _breaches(alarm, value)]
    known = [value for value in values if value is not None]
    state = "ALARM" if len(breaching) >= needed else "OK"
    if not known and alarm.treat_missing_data in (None, "missing"):
        state = "INSUFFICIENT_DATA"
    reason = f"{len(breaching)} of {periods} datapoints {known} crossed the threshold {alarm.threshold}."
    alarm.update_state(reason, "{}", state)
    return {
        "name": alarm.name,
        "state": state,
        "value": known[0] if known else None,
        "reason": reason,
        "description": alarm.description or "",
    }


def _breaches(alarm: Any, value: float | None) -> bool:
    if value is None:
        return bool(alarm.treat_missing_data == "breaching")
    return bool(_COMPARE[alarm.comparison_operator](value, float(alarm.threshold)))


def _value(account: str, region: str, alarm: Any, periods_ago: int) -> float | None:
    """The alarm's metric in a period; None where there is no data."""
    if alarm.metric_data_queries:
        return _computed(account, region, alarm, periods_ago)
    dimensions = {one.name: one.value for one in alarm.dimensions or []}
    if alarm.namespace == "AWS/SQS" and alarm.metric_name == "ApproximateNumberOfMessagesVisible":
        queue = sqs_backends[account][region].queues.get(dimensions.get("QueueName", ""))
        return float(len(queue.messages)) if queue and periods_ago == 0 else None
    return _measured(account, region, alarm, dimensions, alarm.statistic or "Sum", int(alarm.period), periods_ago)


def _measured(
    account: str, region: str, metric: Any, dimensions: dict[str, str], statistic: str, period_s: int, periods_ago: int
) -> float | None:
    """A statistic of what was put to a metric in a period."""
    end = utcnow() - timedelta(seconds=periods_ago * period_s)
    begin = end - timedelta(seconds=period_s)
    values = [
        float(one.value)
        for one in _data(account, region)
        if one.namespace == metric.namespace
        and one.name == metric.metric_name
        and {dimension.name: dimension.value for dimension in one.dimensions} == dimensions
        and begin < one.timestamp.replace(tzinfo=None) <= end + timedelta(seconds=1)
    ]
    if not values:
        return None
    result = float(_STATISTIC[statistic](values))
    return None if math.isnan(result) else result


def _computed(account: str, region: str, alarm: Any, periods_ago: int) -> float | None:
    """The one expression of an alarm's metrics that it returns; as in CloudWatch, none where a metric has no data."""
    values: dict[str, float | None] = {}
    for query in (query for query in alarm.metric_data_queries if query.metric_stat):
        stat = query.metric_stat
        dimensions = {one.name: one.value for one in stat.metric.dimensions}
        period_s = int(stat.period)
        values[query.id] = _measured(account, region, stat.metric, dimensions, stat.stat, period_s, periods_ago)
    (expression,) = [query.expression for query in alarm.metric_data_queries if query.expression]
    if None in values.values():
        return None
    try:
        return _arithmetic(ast.parse(expression, mode="eval").body, values)
    except ZeroDivisionError:
        return None


def _arithmetic(node: ast.expr, values: dict[str, Any]) -> float:
    """The value of + - * / on numbers and metrics. Raises NotImplementedError for any function of CloudWatch's."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return float(values[node.id])
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_arithmetic(node.left, values), _arithmetic(node.right, values))
    raise NotImplementedError(f"the embedded cloud evaluates + - * / on metrics, and no {ast.unparse(node)}")


def _data(account: str, region: str) -> list[Any]:
    return list(cloudwatch_backends[account][region].metric_data)


def forget_metrics(metric: str | None = None) -> dict[str, bool]:
    """Forget what was measured in all accounts, of one metric or of all: its alarms begin anew."""
    for regions in list(cloudwatch_backends.values()):
        for backend in list(regions.values()):
            backend.metric_data[:] = [one for one in backend.metric_data if metric not in (None, one.name)]
    return {"forgotten": True}
