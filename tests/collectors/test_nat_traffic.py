"""NAT gateways with CloudWatch: few calls, right sums, and a denial that is told."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from collectors.aws.nat_gateways import scan
from tests.collectors.replay import Reply, access_answered_by, error

VALUES = {"BytesOutToDestination": [1000.0], "BytesInFromDestination": [234.0], "ActiveConnectionCount": [7.0]}


def gateways(count: int) -> Reply:
    return 200, {"NatGateways": [{"NatGatewayId": f"nat-{n}", "State": "available"} for n in range(count)]}


def answer_with(count: int, metrics: Any) -> Any:
    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        return gateways(count) if operation == "DescribeNatGateways" else metrics(parameters)

    return access_answered_by(answer).result().session()


def test_bytes_are_both_directions_and_connections_the_peak() -> None:
    calls = []

    def metrics(parameters: dict[str, Any]) -> Reply:
        queries = parameters["MetricDataQueries"]
        calls.append(len(queries))
        found = [{"Id": q["Id"], "Values": VALUES[q["MetricStat"]["Metric"]["MetricName"]]} for q in queries]
        return 200, {"MetricDataResults": found}

    events = list(scan(answer_with(200, metrics), "us-east-1"))
    assert {(e.properties["bytes_processed"], e.properties["active_connections"]) for e in events} == {("1234", "7")}
    assert calls == [500, 100]


def test_a_gateway_without_data_points_has_no_bytes_rather_than_zero() -> None:
    def metrics(parameters: dict[str, Any]) -> Reply:
        return 200, {"MetricDataResults": [{"Id": q["Id"], "Values": []} for q in parameters["MetricDataQueries"]]}

    [event] = scan(answer_with(1, metrics), "us-east-1")
    assert "bytes_processed" not in event.properties
    assert "metrics_until" in event.properties


def test_denied_metrics_leave_the_gateways_and_say_so() -> None:
    events = list(scan(answer_with(2, lambda _: error("AccessDenied", 403)), "us-east-1"))
    assert [event.properties["metrics_error"] for event in events] == ["AccessDenied", "AccessDenied"]


def test_throttled_metrics_fail_the_scan() -> None:
    with pytest.raises(ClientError, match="Throttling"):
        list(scan(answer_with(1, lambda _: error("Throttling")), "us-east-1"))


def test_without_gateways_cloudwatch_is_not_asked() -> None:
    assert list(scan(answer_with(0, lambda _: pytest.fail("asked")), "us-east-1")) == []
