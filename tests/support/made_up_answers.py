"""Answers to any describing operation of AWS, made from botocore's description of it: whole records, in small pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lake.clients import SHARED_LOADER

Tags = Mapping[str, str]
Reply = tuple[int, dict[str, Any]]
PAGE = 2
"""Records on a page, however many were asked for: AWS may give fewer."""

DEEPEST = 6
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class MadeUpAccount:
    """Has `count` of whatever is asked for, all with the same tags. calls are the operations that were asked for.

    A record has every field that the API knows, so that no property is without a value.
    """

    count: int = 2 * PAGE + 1
    tags: Tags = field(default_factory=dict)
    is_malformed: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, model: Any, parameters: Mapping[str, Any]) -> Reply:
        """The page of an operation that the parameters ask for."""
        self.calls.append((model.service_model.service_name, model.name))
        if model.name == "GetMetricData":
            return 200, _metrics(parameters)
        paging = _paging(model)
        listed = _listed(model, paging)
        start = int(parameters.get(paging["input_token"], 0)) if paging else 0
        end = min(start + PAGE, self.count) if paging else self.count
        answer: dict[str, Any] = {listed: [self._record(model, listed, number) for number in range(start, end)]}
        if paging and end < self.count:
            answer[paging["output_token"]] = str(end)
        return 200, answer

    def _record(self, model: Any, listed: str, number: int) -> Any:
        member = model.output_shape.members[listed].member
        return {} if self.is_malformed else self._value(member, listed, number, 0)

    def _value(self, shape: Any, name: str, number: int, depth: int) -> Any:
        if shape.type_name == "structure":
            if depth == DEEPEST:
                return {}
            members = shape.members.items()
            return {member: self._value(kind, member, number, depth + 1) for member, kind in members}
        if shape.type_name == "list":
            if _is_tags(shape.member):
                return [{"Key": key, "Value": value} for key, value in self.tags.items()]
            return [self._value(shape.member, name, number, depth + 1)]
        if shape.type_name == "map":
            return dict(self.tags)
        if shape.type_name == "timestamp":
            return MOMENT + timedelta(minutes=number)
        if shape.type_name == "boolean":
            return True
        if shape.type_name == "string":
            return shape.enum[0] if getattr(shape, "enum", None) else f"{name}-{number:08x}"
        return 1 + number


def _is_tags(shape: Any) -> bool:
    return shape.type_name == "structure" and set(shape.members) == {"Key", "Value"}


def _paging(model: Any) -> dict[str, Any] | None:
    """How the operation is paged, as botocore's paginators know it; None where it is not."""
    described = SHARED_LOADER.load_service_model(model.service_model.service_name, "paginators-1")
    found: dict[str, Any] | None = described["pagination"].get(model.name)
    return found


def _listed(model: Any, paging: Mapping[str, Any] | None) -> str:
    """The member of the answer that holds the records."""
    if paging:
        keys = paging["result_key"]
        return str(keys if isinstance(keys, str) else keys[0])
    return next(name for name, shape in model.output_shape.members.items() if shape.type_name == "list")


def _metrics(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Each query's data points over the time that was asked for, in half the queries on a first page."""
    queries: Sequence[Mapping[str, Any]] = parameters["MetricDataQueries"]
    half = (len(queries) + 1) // 2
    chosen = queries[half:] if parameters.get("NextToken") else queries[:half]
    more = {} if parameters.get("NextToken") or half == len(queries) else {"NextToken": "half"}
    return {"MetricDataResults": [_points(query, parameters) for query in chosen], **more}


def _points(query: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    step = timedelta(seconds=query["MetricStat"]["Period"])
    steps = int((parameters["EndTime"] - parameters["StartTime"]) / step)
    moments = [parameters["StartTime"] + step * number for number in range(steps)]
    return {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": moments, "Values": [1.0] * steps}
