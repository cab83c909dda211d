"""NAT traffic: one `metric` event a gateway and hour of the last full day, UTC.

NAT_GATEWAY says what value and properties mean. AWS does not say which metrics it bills by, so this explains a bill and
does not replace it. An hour for which CloudWatch has no data brings no event: that is not the same as 0. A gateway that
was deleted more than an hour before the scan is no longer listed, and its last hours are missing. CloudWatch charges for
each metric and call, however many data points it answers with: asking once a day costs a 24th of asking hourly. Raises
botocore's ClientError UnauthorizedOperation, AccessDenied or Forbidden where the role may not read gateways or metrics,
RetriableError where CloudWatch answers without having all data. Source: EC2 DescribeNatGateways, 1,000 a page; CloudWatch
GetMetricData, 500 queries a call, three a gateway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from collectors.aws.nat_gateways import NAT_GATEWAY, described
from collectors.scanning.declaration import Collector
from collectors.scanning.events import Event, Origin
from collectors.scanning.shaping import number, present, tags_of
from lake.errors import RetriableError

if TYPE_CHECKING:
    import boto3

DAY, HOUR_S = timedelta(days=1), 3600
BYTES, CONNECTIONS = "bytes_processed", "active_connections"
NAT_METRICS = {
    "BytesOutToDestination": (BYTES, "Sum"),
    "BytesInFromDestination": (BYTES, "Sum"),
    "ActiveConnectionCount": (CONNECTIONS, "Maximum"),
}
"""CloudWatch metric: the property that it adds to, and its statistic."""

QUERIES_A_CALL = 500
COMPLETE, FORBIDDEN = "Complete", "Forbidden"
"""What an answer says of a query. Otherwise it is PartialData, which a further page completes, or InternalError."""

Traffic = Mapping[datetime, Mapping[str, int]]
"""Numbers by the hour that they are of."""


def scan(session: boto3.Session, origin: Origin) -> Iterator[Event]:
    """The hours of the day before the slot's, of every NAT gateway of the account in the region."""
    day = origin.slot.replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    gateways = described(session, origin.region)
    while batch := list(islice(gateways, QUERIES_A_CALL // len(NAT_METRICS))):
        traffic = _traffic(session.client("cloudwatch", region_name=origin.region), batch, day)
        for raw in batch:
            for hour, numbers in sorted(traffic[raw["NatGatewayId"]].items()):
                yield to_event(raw, origin.account_id, origin.region, hour, numbers)


def to_event(raw: Mapping[str, Any], account_id: str, region: str, hour: datetime, numbers: Mapping[str, int]) -> Event:
    """Shape what one gateway carried in one hour."""
    gateway_id, tags = raw["NatGatewayId"], tags_of(raw)
    return Event(
        resource_type=NAT_GATEWAY.type,
        resource_id=gateway_id,
        resource_arn=NAT_GATEWAY.arn_of(gateway_id, region, account_id),
        resource_name=tags.get("Name"),
        event_time=hour,
        value=numbers.get(BYTES),
        unit="bytes",
        properties=present({name: number(numbers.get(name)) for name in (BYTES, CONNECTIONS)}),
        tags=tags,
    )


def _traffic(cloudwatch: Any, gateways: Sequence[Mapping[str, Any]], day: datetime) -> Mapping[str, Traffic]:
    """The numbers of each gateway, from one query a metric and its 24 data points."""
    wanted = [(raw["NatGatewayId"], metric) for raw in gateways for metric in NAT_METRICS]
    asked = {f"q{position}": what for position, what in enumerate(wanted)}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(query_id, *what) for query_id, what in asked.items()], StartTime=day, EndTime=day + DAY
    )
    status: dict[tuple[str, str], str] = {}
    sums: dict[str, dict[datetime, dict[str, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for result in (result for page in pages for result in page["MetricDataResults"]):
        gateway_id, metric = asked[result["Id"]]
        status[gateway_id, metric] = result["StatusCode"]
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
            sums[gateway_id][moment.astimezone(UTC)][NAT_METRICS[metric][0]] += value
    _refuse_incomplete(status)
    return {
        raw["NatGatewayId"]: {
            hour: {name: round(value) for name, value in numbers.items()}
            for hour, numbers in sums[raw["NatGatewayId"]].items()
        }
        for raw in gateways
    }


def _refuse_incomplete(status: Mapping[tuple[str, str], str]) -> None:
    """Raise where a metric's last answer is not that its data is complete: a sum of a part looks like less traffic."""
    from botocore.exceptions import ClientError

    for (gateway_id, metric), found in status.items():
        if found == FORBIDDEN:
            message = f"CloudWatch may not show {metric} of {gateway_id}"
            raise ClientError({"Error": {"Code": FORBIDDEN, "Message": message}}, "GetMetricData")
        if found != COMPLETE:
            raise RetriableError(f"CloudWatch answered {found} for {metric} of {gateway_id}; the next run asks again")


def _query(query_id: str, gateway_id: str, metric: str) -> dict[str, Any]:
    """One query for a data point an hour."""
    dimensions = [{"Name": "NatGatewayId", "Value": gateway_id}]
    stat = {
        "Metric": {"Namespace": "AWS/NATGateway", "MetricName": metric, "Dimensions": dimensions},
        "Period": HOUR_S,
        "Stat": NAT_METRICS[metric][1],
    }
    return {"Id": query_id, "MetricStat": stat}


COLLECTOR = Collector(
    scan,
    kinds=(NAT_GATEWAY,),
    actions=("ec2:DescribeNatGateways", "cloudwatch:GetMetricData"),
    event_type="metric",
    schedule="daily",
    days_back=1,
)
