"""`python -m embedded.engine.install`: fetches the engine's jars with a progress bar, and makes its start fast."""

import sys

from embedded.engine.errors import EngineError
from embedded.engine.jars import ensure_jars
from embedded.engine.prepare import prepare


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r  Engine: {done} of {total} jars" + ("\n" if done == total else ""))
    elif done % 50 == 0 or done == total:
        sys.stderr.write(f"  Engine: {done} of {total} jars\n")
    sys.stderr.flush()


def main() -> int:
    """Install the jars where the engine looks for them, and make its start fast."""
    try:
        ensure_jars(progress=_show)
        sys.stderr.write("Engine: preparing a fast start\n")
        prepare()
    except EngineError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
