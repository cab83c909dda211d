"""Recorded AWS answers, and sessions whose calls are answered without AWS: botocore does everything but the sending."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

from collectors.scanning.member_role import MemberAccess, MemberRole

RECORDINGS = Path(__file__).parents[2] / "data" / "aws_recordings"
RECORDED_ACCOUNT = "644160558196"

Reply = tuple[int, dict[str, Any]]
Answer = Callable[[str, str, str, dict[str, Any]], Reply]
"""(account, region, operation, parameters) -> status and parsed answer."""


def recorded(operation: str) -> list[Path]:
    """Every recorded answer of one EC2 operation."""
    return sorted(RECORDINGS.glob(f"*/ec2.{operation}_*.json"))


def case_of(path: Path) -> str:
    """What a test calls a recording."""
    return f"{path.parent.name}-{path.stem}"


def load(path: Path) -> Reply:
    """A recorded answer as botocore would have parsed it."""
    raw = json.loads(path.read_text(encoding="utf-8"), object_hook=_decode)
    return raw["status_code"], {"ResponseMetadata": {}, **raw["data"]}


def _decode(value: dict[str, Any]) -> Any:
    if value.get("__class__") == "datetime":
        parts = [value[k] for k in ("year", "month", "day", "hour", "minute", "second", "microsecond")]
        return datetime(*parts, tzinfo=UTC)
    # One recording was made from JSON, with times as text; botocore gives times.
    if isinstance(moment := value.get("CreateTime"), str):
        value["CreateTime"] = datetime.fromisoformat(moment)
    return value


def error(code: str, status: int = 400, message: str = "") -> Reply:
    """An answer of AWS that refuses."""
    return status, {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {}}


@dataclass(frozen=True)
class AnsweredAccess:
    """Stands where MemberAccess stands; its sessions' calls go to answer."""

    access: MemberAccess
    answer: Answer

    def session(self) -> boto3.Session:
        session = self.access.session()
        # before-call sees the request as the protocol spells it, so the parameters are kept from the step before.
        session.events.register("before-parameter-build.*.*", _keep_parameters)
        session.events.register("before-call.*.*", self._reply)
        return session

    def _reply(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        status, data = self.answer(self.access.account_id, context["client_region"], model.name, context["parameters"])
        return SimpleNamespace(status_code=status), data


def _keep_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["parameters"] = params


def access_answered_by(answer: Answer, account_id: str = RECORDED_ACCOUNT) -> Future[Any]:
    """Access to one account as a scan gets it."""
    access: Future[Any] = Future()
    access.set_result(AnsweredAccess(MemberAccess(account_id, "key", "secret", "token"), answer))
    return access


@dataclass
class Company:
    """Accounts whose EC2 is answered by `answer`; keeps each AssumeRole's parameters, refuses those in refused."""

    answer: Answer
    refused: set[str] = field(default_factory=set)
    assumed: list[dict[str, Any]] = field(default_factory=list)

    def role(self) -> MemberRole:
        """The member role, through the real AssumeRole call up to the wire."""
        sts = MemberAccess("000000000000", "key", "secret", "token").session().client("sts", region_name="us-east-1")
        sts.meta.events.register("before-call.sts.AssumeRole", self._assume)
        return _AnsweredRole(self, sts)

    def _assume(self, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        self.assumed.append(params["body"])
        account = params["body"]["RoleArn"].split(":")[4]
        if account in self.refused:
            status, data = error("AccessDenied", 403, f"not authorized to perform: sts:AssumeRole on {account}")
            return SimpleNamespace(status_code=status), data
        keys = {"AccessKeyId": "key", "SecretAccessKey": "secret", "SessionToken": "token"}
        return SimpleNamespace(status_code=200), {"Credentials": keys, "ResponseMetadata": {}}


class _AnsweredRole(MemberRole):
    def __init__(self, company: Company, sts: Any) -> None:
        super().__init__(sts, "OutlayReadOnly", "the-external-id", "outlay-test")
        self._company = company

    def assume(self, account_id: str) -> Any:
        return AnsweredAccess(super().assume(account_id), self._company.answer)


def volume_pages(account: str, region: str, count: int, parameters: dict[str, Any]) -> Reply:
    """DescribeVolumes of a place with count volumes, named after it, in the pages that the call asks for."""
    start, size = int(parameters.get("NextToken", 0)), int(parameters["MaxResults"])
    found = [{"VolumeId": f"vol-{account}-{region}-{n}", "Size": n + 1} for n in range(start, min(start + size, count))]
    more = {"NextToken": str(start + size)} if start + size < count else {}
    return 200, {"Volumes": found, "ResponseMetadata": {}, **more}
