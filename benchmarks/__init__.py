"""Side-by-side measurements: `python -m benchmarks.<name>` prints one ratio, both sides measured in that run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functions"))
