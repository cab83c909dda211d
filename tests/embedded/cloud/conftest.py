"""One embedded cloud, without Trino, for all tests of this folder; each test deploys stacks of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.cloud import EmbeddedCloud


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(tmp_path_factory.mktemp("cloud"), engine=False) as running:
        yield running


@pytest.fixture
def enforced(cloud: EmbeddedCloud) -> Iterator[EmbeddedCloud]:
    """The cloud with IAM checked for as long as a test lasts; deploy before you ask for it, or call `enforce_iam`."""
    yield cloud
    cloud.enforce_iam(False)


def messages(cloud: EmbeddedCloud, queue_url: str) -> list[dict[str, Any]]:
    """The messages that wait in a queue, with their attributes; they stay there, invisible."""
    answer = cloud.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [
        {
            "body": json.loads(message["Body"]),
            "attributes": {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        }
        for message in answer.get("Messages", [])
    ]


def files(folder: Path) -> list[str]:
    """The files below a folder that a person would see."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
