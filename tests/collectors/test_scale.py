"""Many accounts and resources through the real collector, runner and writer, over answers as EC2 sends them.

This is the small version; `python -m benchmarks.scale` goes to a thousand accounts and a million volumes.
"""

from __future__ import annotations

import pytest

from benchmarks.company import Company
from benchmarks.measuring import child

pytestmark = pytest.mark.exhaustive

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")


def scanned(company: Company) -> dict[str, float]:
    """A whole run in a process of its own: what it found, called, and held in memory at most."""
    found: dict[str, float] = child("benchmarks.scale", "--one", company.accounts, len(company.regions), company.per_region)
    return found


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (Company(10, REGIONS, 334), Company(25, REGIONS, 334)),
        (Company(1, REGIONS[:1], 10_000), Company(1, REGIONS[:1], 25_000)),
    ],
    ids=["more accounts", "more resources in one place"],
)
def test_more_resources_take_no_more_memory(small: Company, large: Company) -> None:
    peaks = []
    for company in (small, large):
        found = scanned(company)
        assert (found["events"], found["failures"]) == (company.resources, 0)
        assert found["calls"] == company.fewest_calls
        assert (found["accounts_assumed"], found["most_assumed"]) == (company.accounts, 1)
        peaks.append(found["peak_mb"])
    assert peaks[1] / peaks[0] <= 1.1
