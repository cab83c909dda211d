"""Many accounts and resources through the real collector, runner and writer, over answers as EC2 sends them.

This is the small version; `python -m benchmarks.scale` goes to a thousand accounts and a million volumes.
"""

from __future__ import annotations

import pytest

from tests.support.company import Company
from tests.support.one_scan import REGIONS, scan_alone

pytestmark = pytest.mark.exhaustive


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
        found = scan_alone(company)
        assert (found["events"], found["failures"]) == (company.resources, 0)
        assert found["calls"] == company.fewest_calls
        assert (found["accounts_assumed"], found["most_assumed"]) == (company.accounts, 1)
        peaks.append(found["peak_mb"])
    assert peaks[1] / peaks[0] <= 1.1
