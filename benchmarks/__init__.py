"""Side-by-side measurements: `python -m benchmarks.<name>` prints one ratio, both sides measured in that run."""
