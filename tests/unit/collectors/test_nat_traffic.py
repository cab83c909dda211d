"""NAT gateways with CloudWatch: few calls, right sums, and a denial that is told."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from collectors.aws.nat_gateways import scan
from lake.errors import RetriableError
from tests.unit.collectors.replay import Reply, access_answered_by, error

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
        found = [
            {"Id": q["Id"], "StatusCode": "Complete", "Values": VALUES[q["MetricStat"]["Metric"]["MetricName"]]}
            for q in queries
        ]
        return 200, {"MetricDataResults": found}

    events = list(scan(answer_with(200, metrics), "us-east-1"))
    assert {(e.properties["bytes_processed"], e.properties["active_connections"]) for e in events} == {("1234", "7")}
    assert calls == [500, 100]


def test_a_gateway_without_data_points_has_no_bytes_rather_than_zero() -> None:
    def metrics(parameters: dict[str, Any]) -> Reply:
        empty = {"StatusCode": "Complete", "Values": []}
        return 200, {"MetricDataResults": [{"Id": q["Id"], **empty} for q in parameters["MetricDataQueries"]]}

    [event] = scan(answer_with(1, metrics), "us-east-1")
    assert "bytes_processed" not in event.properties
    assert "metrics_until" in event.properties


def test_denied_metrics_leave_the_gateways_and_say_so() -> None:
    events = list(scan(answer_with(2, lambda _: error("AccessDenied", 403)), "us-east-1"))
    assert [event.properties["metrics_error"] for event in events] == ["AccessDenied", "AccessDenied"]


def paged(*pages: tuple[str, float]) -> Any:
    """Answers of several pages: status and value of every metric on each."""

    def metrics(parameters: dict[str, Any]) -> Reply:
        number = int(parameters.get("NextToken", 0))
        status, value = pages[number]
        found = [{"Id": q["Id"], "StatusCode": status, "Values": [value]} for q in parameters["MetricDataQueries"]]
        return 200, {"MetricDataResults": found} | ({"NextToken": str(number + 1)} if number + 1 < len(pages) else {})

    return metrics


def test_data_that_a_further_page_completes_is_added_up() -> None:
    [event] = scan(answer_with(1, paged(("PartialData", 1.0), ("Complete", 2.0))), "us-east-1")
    assert event.properties["bytes_processed"] == "6"


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_metrics_that_are_not_complete_fail_the_scan(status: str) -> None:
    with pytest.raises(RetriableError, match=rf"CloudWatch answered {status} for \w+ of nat-0; the next run asks again"):
        list(scan(answer_with(1, paged((status, 1.0))), "us-east-1"))


def test_metrics_that_are_forbidden_one_by_one_say_so() -> None:
    events = list(scan(answer_with(2, paged(("Forbidden", 0.0))), "us-east-1"))
    assert [event.properties["metrics_error"] for event in events] == ["Forbidden", "Forbidden"]
    assert not any("bytes_processed" in event.properties for event in events)


def test_throttled_metrics_fail_the_scan() -> None:
    with pytest.raises(ClientError, match="Throttling"):
        list(scan(answer_with(1, lambda _: error("Throttling")), "us-east-1"))


def test_without_gateways_cloudwatch_is_not_asked() -> None:
    assert list(scan(answer_with(0, lambda _: pytest.fail("asked")), "us-east-1")) == []
