"""EC2 of moto, mended: tags looked up in one step, and pages where AWS sends pages.

moto walks all tags of an account for each resource described (323 s for 30,000 volumes), and answers several describe
calls whole whatever MaxResults says, which would hide a collector that reads only the first page.
"""

import base64
import functools
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import core
from moto.ec2.responses import EC2Response
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

PAGED = {  # the response's method -> the list that its result holds
    "describe_volumes": "Volumes",
    "describe_snapshots": "Snapshots",
    "describe_network_interfaces": "NetworkInterfaces",
    "describe_subnets": "Subnets",
    "describe_nat_gateways": "NatGateways",
    "describe_vpcs": "Vpcs",
    "describe_security_groups": "SecurityGroups",
}
MIN_PAGE, MAX_PAGE = 5, 1000


def install() -> None:
    """Patches moto's EC2 in this process."""
    tagged: Any = core.TaggedEC2Resource
    tagged.get_tags = _tags_of
    for name, field in PAGED.items():
        setattr(EC2Response, name, _paged(getattr(EC2Response, name), field))


def _tags_of(resource: Any) -> list[dict[str, str]]:
    tags = resource.ec2_backend.tags.get(resource.id) if resource.id else None
    if not tags:
        return []
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "")
    return [{"resource_id": resource.id, "key": key, "value": value, "resource_type": kind} for key, value in tags.items()]


def _paged(describe: Callable[[Any], Any], field: str) -> Callable[[Any], Any]:
    @functools.wraps(describe)
    def describe_page(self: Any) -> Any:
        size = self._get_int_param("MaxResults")
        token = self._get_param("NextToken")
        self.querystring.pop("MaxResults", None)
        self.querystring.pop("NextToken", None)
        if isinstance(getattr(self, "params", None), dict):
            self.params.pop("MaxResults", None)
            self.params.pop("NextToken", None)
        answer = describe(self)
        if size is None and token is None:
            return answer
        size = MAX_PAGE if size is None else size
        if not MIN_PAGE <= size <= MAX_PAGE:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.",
            )
        return ActionResult(_page(answer.result, field, size, token))

    return describe_page


def _page(result: dict[str, Any], field: str, size: int, token: str | None) -> dict[str, Any]:
    start = _offset(token)
    rows = list(result[field])
    page = dict(result, **{field: rows[start : start + size]})
    page.pop("NextToken", None)
    if start + size < len(rows):
        page["NextToken"] = base64.urlsafe_b64encode(f"page:{start + size}".encode()).decode()
    return page


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, number = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        if word == "page":
            return int(number)
    except ValueError:
        pass
    raise EC2ClientError("InvalidNextToken", f"The token '{token}' is invalid.")
