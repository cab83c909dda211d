"""1,000 accounts, 3 regions and 1,000,000 volumes through the real collector, runner and writer: memory against 10,000.

`python -m benchmarks.scale [accounts ...]`; each company is scanned by a process of its own. One account with as many
volumes in one region is measured as well.
"""

from __future__ import annotations

import sys

from benchmarks.measuring import verdict
from tests.support.company import Company
from tests.support.one_scan import REGIONS, scan_alone

PER_REGION = 334


def main() -> None:
    """Print the ratio: the most memory held for a million resources against that for ten thousand."""
    sizes = [int(argument) for argument in sys.argv[1:]] or [10, 100, 1000]
    peaks = [scan(Company(accounts, REGIONS, PER_REGION)) for accounts in sizes]
    alone = [scan(Company(1, REGIONS[:1], count)) for count in (10_000, 100_000)]
    print(f"one account and region, 100,000 volumes against 10,000: {alone[1] / alone[0]:.3f}")
    verdict("peak memory of the largest company against the smallest", peaks[-1] / peaks[0], 1.1, at_most=True)


def scan(company: Company) -> float:
    """Scan a company in another process; print what it took, give its peak memory in MB. Ends with an error on any loss."""
    found = scan_alone(company)
    print(
        f"{company.accounts} accounts, {company.resources:,} volumes: peak {found['peak_mb']:.0f} MB,"
        f" {found['cpu_s']:.0f} CPU s, {found['calls']} calls (fewest {company.fewest_calls}),"
        f" {found['object_mb']:.0f} MB written"
    )
    wrong = [
        f"{name} is {found[name]}, not {wanted}" for name, wanted in _expected(company).items() if found[name] != wanted
    ]
    if wrong:
        raise SystemExit("; ".join(wrong))
    return float(found["peak_mb"])


def _expected(company: Company) -> dict[str, int]:
    return {
        "events": company.resources,
        "failures": 0,
        "calls": company.fewest_calls,
        "accounts_assumed": company.accounts,
        "most_assumed": 1,
    }


if __name__ == "__main__":
    main()
