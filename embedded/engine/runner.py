"""Run Athena's queries: a few at once, each as its caller, each to one of Athena's ends."""

import logging
import queue
import threading
import time
from collections.abc import Callable

from embedded.engine.executions import QueryExecution
from embedded.engine.permissions import DeniedError
from embedded.engine.run_statement import run_statement
from embedded.engine.running import CANCELLED_BY_USER, StoppedError
from embedded.engine.trino_client import Trino, TrinoError

_log = logging.getLogger(__name__)

_AT_ONCE = 4


class QueryRunner:
    """A queue of queries and the threads that work it off."""

    def __init__(self, trino_port: Callable[[], int]) -> None:
        """Start the threads; they are daemons, so that no query keeps its process from ending."""
        self._trino_port = trino_port
        self._queue: queue.SimpleQueue[QueryExecution] = queue.SimpleQueue()
        for number in range(_AT_ONCE):
            threading.Thread(target=self._work, name=f"athena-{number}", daemon=True).start()

    @property
    def trino(self) -> Trino:
        """The engine; asking for it waits until it is ready, if it is still starting."""
        return Trino(self._trino_port())

    def submit(self, execution: QueryExecution) -> None:
        """Queue a query."""
        self._queue.put(execution)

    def _work(self) -> None:
        while True:
            execution = self._queue.get()
            if execution.stop_requested:
                execution.finish("CANCELLED", CANCELLED_BY_USER)
                continue
            execution.started = time.time()
            execution.state = "RUNNING"
            self._run_to_an_end(execution)

    def _run_to_an_end(self, execution: QueryExecution) -> None:
        try:
            run_statement(self.trino, execution)
        except TrinoError as error:
            execution.finish("FAILED", str(error), by_user=error.by_user)
        except DeniedError as error:
            execution.finish("FAILED", str(error))
        except StoppedError as error:
            execution.finish("CANCELLED", str(error))
        except Exception as error:  # a query must end, and say why, whatever went wrong
            _log.exception("Query %s failed", execution.id)
            reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
            execution.finish("FAILED", reason, by_user=False)
        else:
            execution.finish("SUCCEEDED")
