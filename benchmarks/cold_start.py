"""What a cold start of the collect function imports, with one collector, in CPU seconds of fresh processes.

For comparison: boto3 and pyarrow alone, without which no collector runs; and a collector's declaration, as synth imports it.
"""

from __future__ import annotations

from statistics import median

from benchmarks.measuring import verdict
from tests.support.processes import child
from tests.support.transport import environment

ROUNDS = 7
GOAL_S = 0.4
SIDES = {
    "the interpreter": (),
    "boto3 and pyarrow": ("boto3", "pyarrow.parquet"),
    "a collector's declaration": ("collectors.aws.ebs_volumes",),
    "the collect function": ("handlers.collect", "collectors.aws.ebs_volumes"),
}


def main() -> None:
    """Print the ratio: import CPU of the collect function against its budget."""
    taken: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(ROUNDS):
        for name, modules in SIDES.items():
            taken[name].append(child("benchmarks.import_cpu", *modules, **environment()))
    for name, seconds in taken.items():
        print(f"{name}: {median(seconds):.3f} CPU seconds")
    verdict(f"cold start, import CPU against {GOAL_S} s", median(taken["the collect function"]) / GOAL_S, 1.0, at_most=True)


if __name__ == "__main__":
    main()
