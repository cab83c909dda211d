"""What NAT gateways carried, from CloudWatch: properties for the collector nat_gateways, which says what they mean.

Raises RetriableError where CloudWatch answers without having all data. Source: GetMetricData, 500 queries a call, three a
gateway ($0.01 for 1,000 of them).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from collectors.scanning.shaping import utc_text
from lake.errors import RetriableError

if TYPE_CHECKING:
    import boto3

QUERIES_A_CALL = 500
SETTLING_TIME = timedelta(minutes=5)
METRICS_DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
COMPLETE, FORBIDDEN = "Complete", "Forbidden"
"""What an answer says of a query. Else it is PartialData, which a further page completes, or InternalError."""
NAT_METRICS = {
    "BytesOutToDestination": ("bytes_processed", "Sum"),
    "BytesInFromDestination": ("bytes_processed", "Sum"),
    "ActiveConnectionCount": ("active_connections", "Maximum"),
}
"""CloudWatch metric: the property that it adds to, and its statistic."""


class _ForbiddenError(Exception):
    """CloudWatch answers, and does not show a metric."""


def last_full_hour(now: datetime) -> datetime:
    """The end of the last full hour whose metrics have settled."""
    return (now - SETTLING_TIME).replace(minute=0, second=0, microsecond=0)


def traffic(session: boto3.Session, region: str, gateway_ids: list[str], until: datetime) -> dict[str, dict[str, str]]:
    """Properties by gateway from CloudWatch, for the hour before until."""
    from botocore.exceptions import ClientError

    if not gateway_ids:
        return {}
    try:
        sums = _sums(session.client("cloudwatch", region_name=region), gateway_ids, until)
    except _ForbiddenError:
        return {gateway_id: {"metrics_error": FORBIDDEN} for gateway_id in gateway_ids}
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in METRICS_DENIED_CODES:
            raise
        return {gateway_id: {"metrics_error": code} for gateway_id in gateway_ids}
    period = {
        "metrics_from": str(utc_text(until - timedelta(hours=1))),
        "metrics_until": str(utc_text(until)),
    }
    return {gateway_id: {**sums[gateway_id], **period} for gateway_id in gateway_ids}


def _sums(cloudwatch: Any, gateway_ids: list[str], until: datetime) -> dict[str, dict[str, str]]:
    """What each gateway's data points add up to; a metric without any is left out."""
    wanted = [(gateway_id, metric) for gateway_id in gateway_ids for metric in NAT_METRICS]
    totals: dict[str, dict[str, float]] = {gateway_id: {} for gateway_id in gateway_ids}
    for start in range(0, len(wanted), QUERIES_A_CALL):
        batch = {f"q{i}": what for i, what in enumerate(wanted[start : start + QUERIES_A_CALL])}
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(query_id, *what) for query_id, what in batch.items()],
            StartTime=until - timedelta(hours=1),
            EndTime=until,
        )
        status: dict[str, str] = {}
        for result in (result for page in pages for result in page["MetricDataResults"]):
            gateway_id, metric = batch[result["Id"]]
            status[result["Id"]] = result["StatusCode"]
            _add(totals[gateway_id], NAT_METRICS[metric][0], result["Values"])
        _refuse_incomplete({batch[query_id]: found for query_id, found in status.items()})
    return {gateway_id: {k: f"{v:.0f}" for k, v in found.items()} for gateway_id, found in totals.items()}


def _refuse_incomplete(status: dict[tuple[str, str], str]) -> None:
    """Raise where a metric's last answer is not that its data is complete: a sum of a part looks like less traffic."""
    if FORBIDDEN in status.values():
        raise _ForbiddenError
    for (gateway_id, metric), found in status.items():
        if found != COMPLETE:
            raise RetriableError(f"CloudWatch answered {found} for {metric} of {gateway_id}; the next run asks again")


def _add(totals: dict[str, float], name: str, values: Iterable[float]) -> None:
    for value in values:
        totals[name] = totals.get(name, 0) + value


def _query(query_id: str, gateway_id: str, metric: str) -> dict[str, Any]:
    """One query for one data point: the whole hour."""
    dimensions = [{"Name": "NatGatewayId", "Value": gateway_id}]
    stat = {
        "Metric": {"Namespace": "AWS/NATGateway", "MetricName": metric, "Dimensions": dimensions},
        "Period": 3600,
        "Stat": NAT_METRICS[metric][1],
    }
    return {"Id": query_id, "MetricStat": stat}
