"""API calls of a scan of 10 and of 100 accounts against the fewest possible: a page a thousand resources, one AssumeRole."""

from __future__ import annotations

from benchmarks.measuring import verdict
from tests.support.company import Company

COMPANIES = (10, 100)
REGIONS = ("us-east-1", "eu-west-1")
VOLUMES = 1_500


def main() -> None:
    """Print the ratio."""
    made = fewest = 0
    for accounts in COMPANIES:
        company = Company(accounts, REGIONS, VOLUMES if accounts == 10 else 150)
        with company.network() as network:
            done = company.collect("ebs_volumes")
        calls = network.calls["AssumeRole"] + network.calls["DescribeVolumes"]
        if done.failures or done.event_count != company.resources or set(network.assumed.values()) != {1}:
            raise SystemExit(
                f"{accounts} accounts: not everything was found, or an account was entered twice: {done.failures}"
            )
        print(f"{accounts} accounts, {company.resources} volumes: {calls} calls, fewest {company.fewest_calls}")
        print(f"  and to write them: {network.calls.total() - calls} calls: {_shown(network.calls)}")
        made, fewest = made + calls, fewest + company.fewest_calls
    verdict("API calls of a scan against the fewest possible", made / fewest, 1.0, at_most=True)


def _shown(calls: dict[str, int]) -> str:
    others = {name: count for name, count in calls.items() if name not in ("AssumeRole", "DescribeVolumes")}
    return ", ".join(f"{count} {name}" for name, count in sorted(others.items()))


if __name__ == "__main__":
    main()
