"""How sides are compared: CPU time, in turns, by medians; memory of a process of its own."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def cpu_s() -> float:
    """CPU seconds of this process so far, all threads, user and system: what other load on the machine hardly changes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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


def child(module: str, *arguments: object, **environment: str) -> Any:
    """Run `python -m module arguments` on its own and return the JSON that it prints last."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}", **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def verdict(what: str, ratio: float, goal: float, at_most: bool = False) -> None:
    """Print the one ratio, and whether it meets its goal."""
    met = ratio <= goal if at_most else ratio >= goal
    sign = "≤" if at_most else "≥"
    print(f"{what}: {ratio:.3g}  (goal {sign} {goal:g}: {'met' if met else 'NOT met'})")
