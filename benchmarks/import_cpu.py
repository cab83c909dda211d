"""`python -m benchmarks.import_cpu MODULE...`: imports them and prints the CPU seconds that it took."""

import importlib
import sys
from time import process_time

if __name__ == "__main__":
    started = process_time()
    for module in sys.argv[1:]:
        importlib.import_module(module)
    print(process_time() - started)
