"""Made-up companies of any size, run through the real collectors, runner and writer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch

import boto3

from collectors.scanning.member_role import MemberRole
from collectors.scanning.runner import Run, run
from infra.catalog_parser import parse_catalog
from lake.clients import CLIENT_CONFIG
from lake.configuration import GROUPS, Account, Configuration, Notifications
from lake.environment import Environment
from lake.lake import Lake
from tests.support import ec2_answers
from tests.support.transport import Network, environment

PAGE_SIZE = 1000
SLOT = datetime(2026, 11, 20, 9, tzinfo=UTC)
SQL = Path(__file__).resolve().parents[2] / "sql"
GROUPING = {group: () for group in GROUPS} | {"customer": ("customer",), "env": ("env",)}
RECORDS = {
    "DescribeVolumes": ("Volumes", ec2_answers.volume),
    "DescribeInstances": ("Reservations", ec2_answers.reservation),
}
_PAGE_MARK = b"-00000000"


@dataclass(frozen=True)
class Company:
    """Accounts with so many resources in each of their regions."""

    accounts: int
    regions: tuple[str, ...]
    per_region: int

    @property
    def resources(self) -> int:
        """All of them."""
        return self.accounts * len(self.regions) * self.per_region

    @property
    def fewest_calls(self) -> int:
        """Calls that cannot be saved: a page for every thousand resources, one even where there are none; AssumeRole."""
        return self.accounts * (1 + len(self.regions) * max(1, -(-self.per_region // PAGE_SIZE)))

    def configuration(self) -> Configuration:
        """As config/ would say it."""
        accounts = tuple(Account(f"{n:012d}", f"Account {n}", None, self.regions) for n in range(self.accounts))
        return Configuration(accounts, GROUPING, (), (), Notifications("#costs"))

    def describe(self, account: str, region: str, operation: str, page: int) -> bytes:
        """One page. Ids repeat in other accounts and regions; ARNs don't."""
        rows = min(PAGE_SIZE, self.per_region - page * PAGE_SIZE)
        body = _page(operation, rows).replace(_PAGE_MARK, b"-%08x" % page)
        more = b"<nextToken>%d</nextToken>" % (page + 1) if (page + 1) * PAGE_SIZE < self.per_region else b""
        return body.replace(b"</requestId>", b"</requestId>" + more, 1)

    @contextmanager
    def network(self, keep_objects: bool = False, keep_answers: bool = False) -> Iterator[Network]:
        """This company's AWS in place of the network. keep_answers: each is made once, so that asking again takes no time."""
        network = Network(cache(self.describe) if keep_answers else self.describe, keep_objects)
        with patch.dict(os.environ, environment()), network.instead():
            yield network

    def collect(self, collector: str) -> Run:
        """One run of a collector over everything, within network()."""
        lake = Lake(
            boto3.client("s3", config=CLIENT_CONFIG),
            boto3.client("glue", config=CLIENT_CONFIG),
            Environment("lake", "outlay"),
            parse_catalog(SQL),
            self.configuration(),
        )
        role = MemberRole(boto3.client("sts", config=CLIENT_CONFIG), "OutlayReadOnly", "external", "outlay-benchmark")
        return run(collector, SLOT, 0, None, lambda: 900_000, lake, role, lake.configuration.accounts[0])


@cache
def _page(operation: str, rows: int) -> bytes:
    name, record = RECORDS[operation]
    return ec2_answers.to_xml(operation, {name: [record(n) for n in range(rows)]})
