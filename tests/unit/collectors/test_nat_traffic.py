"""NAT traffic from CloudWatch: yesterday by the hour, few calls, right sums, and no number where there is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from collectors.aws.nat_traffic import scan
from collectors.scanning.events import Event, Origin
from collectors.scanning.runner import run
from collectors.scanning.scope import Unit
from lake.configuration import Account
from lake.errors import RetriableError
from tests.unit.collectors.conftest import objects, rows
from tests.unit.collectors.replay import RECORDED_ACCOUNT, Company, Reply, access_answered_by, error

SLOT = datetime(2026, 11, 20, 1, 33, tzinfo=UTC)
YESTERDAY = datetime(2026, 11, 19, tzinfo=UTC)
ACCOUNT = Account(RECORDED_ACCOUNT, "Recorded", None, ("us-east-1",))
ORIGIN = Origin("nat_traffic", "metric", SLOT, Unit(ACCOUNT, "us-east-1"))
VALUES = {"BytesOutToDestination": 1000.0, "BytesInFromDestination": 234.0, "ActiveConnectionCount": 7.0}


def gateways(count: int) -> Reply:
    tags = [{"Key": "customer", "Value": "acme"}]
    return 200, {"NatGateways": [{"NatGatewayId": f"nat-{n}", "State": "available", "Tags": tags} for n in range(count)]}


def answer_with(count: int, metrics: Any) -> Any:
    def answer(account: str, region: str, operation: str, parameters: dict[str, Any]) -> Reply:
        return gateways(count) if operation == "DescribeNatGateways" else metrics(parameters)

    return answer


def scanned(count: int, metrics: Any) -> list[Event]:
    return list(scan(access_answered_by(answer_with(count, metrics)).result().session(), ORIGIN))


def result(query: dict[str, Any], status: str = "Complete", hours: int = 24) -> dict[str, Any]:
    """The data points of one query, the newest first, as CloudWatch gives them."""
    moments = [YESTERDAY + timedelta(hours=hour) for hour in reversed(range(hours))]
    value = VALUES[query["MetricStat"]["Metric"]["MetricName"]]
    return {"Id": query["Id"], "StatusCode": status, "Timestamps": moments, "Values": [value] * hours}


def whole_day(parameters: dict[str, Any]) -> Reply:
    return 200, {"MetricDataResults": [result(query) for query in parameters["MetricDataQueries"]]}


def test_each_hour_of_yesterday_is_one_event_of_bytes_both_ways_and_of_the_connections_peak() -> None:
    asked = []

    def metrics(parameters: dict[str, Any]) -> Reply:
        asked.append(parameters)
        return whole_day(parameters)

    events = scanned(200, metrics)
    assert len(events) == 200 * 24
    assert {(e.value, e.unit, e.event_action) for e in events} == {(1234, "bytes", "observed")}
    assert {tuple(e.properties.items()) for e in events} == {(("bytes_processed", "1234"), ("active_connections", "7"))}
    first = [event for event in events if event.resource_id == "nat-0"]
    assert [event.event_time for event in first] == [YESTERDAY + timedelta(hours=hour) for hour in range(24)]
    assert dict(first[0].tags) == {"customer": "acme"}
    assert [len(parameters["MetricDataQueries"]) for parameters in asked] == [498, 102]
    assert {(p["StartTime"], p["EndTime"]) for p in asked} == {(YESTERDAY, YESTERDAY + timedelta(days=1))}
    assert {query["MetricStat"]["Period"] for p in asked for query in p["MetricDataQueries"]} == {3600}


def test_a_run_writes_the_traffic_into_yesterdays_partition(make_lake: Any) -> None:
    lake = make_lake(ACCOUNT)
    company = Company(answer_with(2, whole_day))
    done = run("nat_traffic", SLOT, 0, None, lambda: 900_000, lake, company.role(), ACCOUNT)
    assert (done.event_count, done.failures) == (48, ())
    stored = rows(lake, "resource_events")
    assert {row["event_time"].date().isoformat() for row in stored} == {"2026-11-19"}
    assert {row["value"] for row in stored} == {1234}
    sizes = {key.split("/")[2]: len(body) for key, body in objects(lake, "resource_events").items()}
    assert sizes["event_date=2026-11-19"] > sizes["event_date=2026-11-20"], "the second is there, and empty"


def test_an_hour_without_data_points_is_no_event_rather_than_zero() -> None:
    def metrics(parameters: dict[str, Any]) -> Reply:
        return 200, {"MetricDataResults": [result(query, hours=3) for query in parameters["MetricDataQueries"]]}

    assert len(scanned(1, metrics)) == 3


def test_connections_alone_leave_the_bytes_unknown() -> None:
    def metrics(parameters: dict[str, Any]) -> Reply:
        queries = parameters["MetricDataQueries"]
        hours = {q["Id"]: 24 * (q["MetricStat"]["Metric"]["MetricName"] == "ActiveConnectionCount") for q in queries}
        return 200, {"MetricDataResults": [result(query, hours=hours[query["Id"]]) for query in queries]}

    assert {(event.value, *event.properties) for event in scanned(1, metrics)} == {(None, "active_connections")}


def paged(*statuses: str) -> Any:
    """Answers of several pages, each with all hours again: status of every metric on each."""

    def metrics(parameters: dict[str, Any]) -> Reply:
        number = int(parameters.get("NextToken", 0))
        found = [result(query, statuses[number]) for query in parameters["MetricDataQueries"]]
        return 200, {"MetricDataResults": found} | ({"NextToken": str(number + 1)} if number + 1 < len(statuses) else {})

    return metrics


def test_data_that_a_further_page_completes_is_added_up() -> None:
    assert {event.value for event in scanned(1, paged("PartialData", "Complete"))} == {2 * 1234}


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_metrics_that_are_not_complete_fail_the_scan(status: str) -> None:
    with pytest.raises(RetriableError, match=rf"CloudWatch answered {status} for \w+ of nat-0; the next run asks again"):
        scanned(1, paged(status))


@pytest.mark.parametrize(
    ("metrics", "code"),
    [
        (lambda _: error("AccessDenied", 403), "AccessDenied"),
        (paged("Forbidden"), "Forbidden"),
    ],
)
def test_metrics_that_are_not_shown_are_a_scan_that_was_denied(make_lake: Any, metrics: Any, code: str) -> None:
    lake = make_lake(ACCOUNT)
    done = run("nat_traffic", SLOT, 0, None, lambda: 900_000, lake, Company(answer_with(1, metrics)).role(), ACCOUNT)
    assert [(outcome.status, outcome.error_code) for outcome in done.outcomes] == [("denied", code)]


def test_throttled_metrics_fail_the_scan() -> None:
    with pytest.raises(ClientError, match="Throttling"):
        scanned(1, lambda _: error("Throttling"))


def test_without_gateways_cloudwatch_is_not_asked() -> None:
    assert scanned(0, lambda _: pytest.fail("asked")) == []
