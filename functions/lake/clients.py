"""How every client of AWS waits and retries, and the service descriptions that all clients of a process share."""

from __future__ import annotations

import gc
import threading
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader

CLIENT_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=30,
)
"""For every client of a run. Five attempts wait for up to 15 seconds in all; read_timeout covers a page of 1,000."""


class SharedLoader(Loader):
    """Reads AWS's service descriptions, which is most of what a first client costs, and keeps them.

    Threads that need the same one at once read it once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._models: dict[tuple[Any, ...], Any] = {}

    def load_service_model(self, *args: Any, **kwargs: Any) -> Any:
        """As botocore's, by one thread at a time."""
        key = (*args, *sorted(kwargs.items()))
        with self._lock:
            if key not in self._models:
                self._models[key] = super().load_service_model(*args, **kwargs)
                # EC2's are a hundred thousand objects that stay for good: going through them for cycles, again and again,
                # would be a third of what a scan costs.
                gc.freeze()
            return self._models[key]


SHARED_LOADER = SharedLoader()
