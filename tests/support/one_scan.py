"""`python -m tests.support.one_scan ACCOUNTS REGIONS PER_REGION`: scans a made-up company's volumes and prints what it took."""

from __future__ import annotations

import json
import sys

from tests.support.company import PAGE_SIZE, Company
from tests.support.processes import child, cpu_s, peak_mb

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")


def scan_alone(company: Company) -> dict[str, float]:
    """One run in a process of its own, whose peak memory is the scan's: what measure gives. The regions are REGIONS' first."""
    found: dict[str, float] = child(__name__, company.accounts, len(company.regions), company.per_region)
    return found


def measure(company: Company) -> dict[str, float]:
    """One run of ebs_volumes in this process."""
    (
        company.describe("", "", "DescribeVolumes", 0),
        company.describe("", "", "DescribeVolumes", company.per_region // PAGE_SIZE),
    )
    before = cpu_s()
    with company.network() as network:
        done = company.collect("ebs_volumes")
    return {
        "events": done.event_count,
        "failures": len(done.failures),
        "calls": network.calls["AssumeRole"] + network.calls["DescribeVolumes"],
        "accounts_assumed": len(network.assumed),
        "most_assumed": max(network.assumed.values()),
        "object_mb": network.object_bytes / 1e6,
        "peak_mb": peak_mb(),
        "cpu_s": cpu_s() - before,
    }


if __name__ == "__main__":
    accounts, regions, per_region = map(int, sys.argv[1:])
    sys.stdout.write(json.dumps(measure(Company(accounts, REGIONS[:regions], per_region))))
