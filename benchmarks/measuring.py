"""How sides are compared: CPU time, in turns, by medians."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.support.processes import cpu_s


def medians(rounds: int, **sides: Callable[[], Any]) -> dict[str, float]:
    """CPU seconds of each side: after a turn that does not count, all in turns, so many rounds."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            gc.collect()
            started = cpu_s()
            side()
            if number:
                taken[name].append(cpu_s() - started)
    return {name: median(each) for name, each in taken.items()}


def verdict(what: str, ratio: float, goal: float, at_most: bool = False) -> None:
    """Print the one ratio, and whether it meets its goal."""
    met = ratio <= goal if at_most else ratio >= goal
    sign = "≤" if at_most else "≥"
    print(f"{what}: {ratio:.3g}  (goal {sign} {goal:g}: {'met' if met else 'NOT met'})")
