"""EC2 clients that read long answers several times faster than botocore does, into the same records.

botocore looks in each record's XML for every field that the API knows, set or not; that is most of what a scan costs. Here
a hook on botocore's public event before-parse reads an answer's lists, walking only what is there, and leaves the rest to
botocore: NextToken, the request id, errors, and whatever is no XML. Pages, retries and credentials stay botocore's.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

if TYPE_CHECKING:
    import boto3
    from botocore.model import OperationModel, Shape
    from mypy_boto3_ec2 import EC2Client

ReadElement = Callable[[Element], Any]
"""Gives the value of an element."""

_NAMESPACE = re.compile(rb'\sxmlns="[^"]*"')
"""On the root only. Without it tags are as the API's description has them, and a quarter of the parsing is saved."""


def ec2_client(session: boto3.Session, region: str, unread: Sequence[str] = ()) -> EC2Client:
    """A client for EC2 in region.

    unread names XML elements that the caller never looks at, such as networkInterfaceSet: records come without them, at
    any depth. None may hold another of its own name.
    """
    client = session.client("ec2", region_name=region)
    client.meta.events.register("before-parse.ec2", _Answers(unread))
    return client


class _Answers:
    """The hook of one client."""

    def __init__(self, unread: Sequence[str]) -> None:
        self._unread = _elements(unread)
        self._members: dict[str, _Members] = {}

    def __call__(
        self,
        operation_model: OperationModel,
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_: Any,
    ) -> None:
        """Take the lists out of an answer's body, and give them to botocore as read."""
        shape = operation_model.output_shape
        if response_dict["status_code"] != 200 or shape is None:
            return
        members = self._members.setdefault(operation_model.name, _Members(shape))
        with _no_search_for_cycles(), suppress(ParseError):  # botocore says what is wrong with it, and asks again
            response_dict["body"] = self._take_lists(response_dict["body"], members, customized_response_dict)

    def _take_lists(self, body: bytes, members: _Members, found: dict[str, Any]) -> bytes:
        """Read the lists of an answer into found; gives the XML of what is left."""
        read = _NAMESPACE.sub(b"", self._unread.sub(b"", body), count=1)
        answer = fromstring(read)  # noqa: S314 - AWS's own, over TLS
        for child in list(answer):
            name, member = members.shapes.get(child.tag, ("", None))
            if member is not None and member.type_name == "list":
                found[name] = members[child.tag][1](child)
                answer.remove(child)
        left: bytes = tostring(answer)
        return left


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """A page is a hundred thousand objects and no cycle; Python would go through them all, again and again.

    Where several threads read pages, the first to end turns the search on again for all: it costs them time, nothing else.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _elements(names: Sequence[str]) -> re.Pattern[bytes]:
    """Finds whole elements by name; without names, none.

    In text, XML spells < as &lt;, so what looks like a tag is one. Cutting an element out takes a fifth of the time of
    reading it, and more names hardly take longer. *+ never goes back, so an element without an end is gone through once.
    """
    return re.compile(rf"<(?!/)({'|'.join(names)})>[^<]*+(?:<(?!/\1>)[^<]*+)*+</\1>".encode())


class _Members(dict[str, tuple[str, ReadElement]]):
    """By XML tag, a structure's member and how to read it. Worked out when a tag is first seen: the API knows thousands."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shapes = {
            member.serialization.get("name", name): (name, member)
            for name, member in shape.members.items()  # type: ignore[attr-defined]
        }

    def __missing__(self, tag: str) -> tuple[str, ReadElement]:
        name, member = self.shapes.get(tag, ("", None))
        self[tag] = found = (name, _reader(member) if member is not None else _text)
        return found


def _reader(shape: Shape) -> ReadElement:
    """How to read elements of a shape, as botocore's EC2QueryParser reads them."""
    if shape.type_name == "structure":
        return _structure(_Members(shape))
    if shape.type_name == "list":
        read = _reader(shape.member)  # type: ignore[attr-defined]
        return lambda element: [read(child) for child in element]
    return _SCALARS.get(shape.type_name, _text)


def _structure(members: _Members) -> ReadElement:
    def read(element: Element) -> dict[str, Any]:
        found = {}
        for child in element:
            name, read_member = members[child.tag]
            found[name] = (child.text or "") if read_member is _text else read_member(child)
        found.pop("", None)  # what this version of the API does not know
        return found

    return read


def _text(element: Element) -> str:
    return element.text or ""


def _moment(element: Element) -> datetime:
    text = element.text or ""
    # 2026-11-20T09:00:00.000Z is what EC2 writes; botocore understands other ways too, in 20 times the time.
    is_usual = len(text) in (20, 24) and text[10] == "T" and text[-1] == "Z"
    return datetime.fromisoformat(text) if is_usual else _any_moment(text)


def _any_moment(text: str) -> datetime:
    from botocore.utils import parse_timestamp

    return parse_timestamp(text)


_SCALARS: dict[str, ReadElement] = {
    "boolean": lambda element: element.text == "true",
    "double": lambda element: float(element.text or ""),
    "float": lambda element: float(element.text or ""),
    "integer": lambda element: int(element.text or ""),
    "long": lambda element: int(element.text or ""),
    "timestamp": _moment,
}
