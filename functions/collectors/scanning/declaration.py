"""What a collector says about itself: the schedules, the roles and the runner are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3

    from collectors.scanning.events import Event

    Scan = Callable[[boto3.Session, str], Iterator[Event]]


@dataclass(frozen=True)
class Collector:
    """One source scan. Its name is the name of the module that ends with `COLLECTOR = Collector(...)`.

    table is the stored table that its events go to. schedule is an EventBridge Scheduler expression in UTC. actions are the
    IAM actions that scan needs in a member account; read-only, each in full. scan(session, region) yields the events of one
    account and region.
    """

    table: str
    schedule: str
    actions: tuple[str, ...]
    resource_types: tuple[str, ...]
    scan: Scan
    event_type: str = "config"
