"""Tasks by the workers of a Dask cluster: a thin adapter."""

import statistics
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exposure.engines.gather import Failure
from exposure.engines.tasks import Job, Task
from exposure.engines.work import introduce, known_by, work
from exposure.errors import ExposureError

# Seconds to find the scheduler, and a worker.
_CONNECT = 30
# A worker that goes away under a task is the scheduler's to replace; one that says why it failed is asked again so often.
_RETRIES = 2
# A result that all wait for is asked of a second worker after so many seconds, or so many times what tasks take.
PATIENCE = 60.0
_TIMES = 4


@dataclass(slots=True)
class Dask:
    """The cluster whose scheduler is at HOST:PORT. Its transport and certificates are those of Dask's own configuration."""

    address: str
    patience: float = PATIENCE
    _took: deque[float] = field(default_factory=lambda: deque(maxlen=100))

    def run(self, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, bytes | Failure]]:
        """Give what `work` gives of each task, in their order; twice as many are under way as can run."""
        with self._connected() as client:
            coming: deque[tuple[Task, Any]] = deque()
            try:
                for task in tasks:
                    coming.append(
                        (task, client.submit(work, job, task, key=f"{job.run}-{task.name}", retries=_RETRIES))
                    )
                    if len(coming) >= 2 * max(1, sum(client.nthreads().values())):
                        yield self._next(client, job, *coming.popleft())
                while coming:
                    yield self._next(client, job, *coming.popleft())
            except OSError:  # the scheduler's; a task's own stay with the task
                raise _gone(self.address) from None

    def _connected(self) -> Any:
        try:
            from distributed import Client
        except ImportError:
            raise ExposureError(
                "logs cannot be read by Dask", "the package is not installed", "pip install 'exposure[dask]'"
            ) from None
        try:
            client = Client(self.address, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError):  # of which TimeoutError is one
            raise ExposureError(
                f"the Dask scheduler at {self.address} does not answer",
                "nothing is there, it is not a scheduler, or it wants TLS",
                "see that it runs and can be reached; where it wants TLS, name the certificates in Dask's configuration",
            ) from None
        try:
            client.wait_for_workers(1, timeout=_CONNECT)
            known_by(client.run(introduce))
        except BaseException as error:
            client.close()
            if isinstance(error, TimeoutError):
                raise ExposureError(
                    f"the Dask scheduler at {self.address} has no workers",
                    f"none came within {_CONNECT} seconds",
                    f"start some: dask worker {self.address}",
                ) from None
            if isinstance(error, ImportError):
                raise _unknown(self.address) from None
            raise
        return client

    def _next(self, client: Any, job: Job, task: Task, future: Any) -> tuple[Task, bytes | Failure]:
        """Give a task's result. Where it is late, a second worker is asked for it, and what comes first is taken."""
        began = time.monotonic()
        patience = max(self.patience, _TIMES * statistics.median(self._took or [0.0]))
        asked = [future]
        while True:
            found = next((found for one in asked if (found := self._result(one, patience)) is not None), None)
            if found is not None:
                self._took.append(time.monotonic() - began)
                client.cancel(asked)
                return task, found
            if len(asked) == 1 and (others := _others(client, future.key)):
                key = f"{future.key}-again"
                asked.insert(0, client.submit(work, job, task, key=key, retries=_RETRIES, workers=others))
            patience *= 2

    def _result(self, future: Any, patience: float) -> bytes | Failure | None:
        """Give the result of a task; None where it does not come in so many seconds: its worker is slow or hangs."""
        from distributed import CancelledError, KilledWorker

        try:
            found: bytes = future.result(timeout=patience)
        except TimeoutError:
            return None
        except CancelledError:
            raise _gone(self.address) from None
        except KilledWorker:
            return Failure("every worker that tried it died")
        except ExposureError as error:
            return Failure(f"{error.what}: {error.why}")
        except Exception as error:  # noqa: BLE001 - whatever a worker raised before it began; what it says is not known to be harmless
            return Failure(f"{type(error).__name__} on the worker")
        return found


def _others(client: Any, key: str) -> list[str]:
    """Give the workers that have nothing to do with a task: neither its work nor its result."""
    busy = {worker for worker, keys in client.processing().items() if key in keys}
    busy |= {worker for workers in client.who_has([key]).values() for worker in workers}
    return [worker for worker in client.nthreads() if worker not in busy]


def _gone(address: str) -> ExposureError:
    return ExposureError(
        f"the Dask scheduler at {address} went away",
        "what it was asked for was lost with it",
        "start it again, and read again",
    )


def _unknown(address: str) -> ExposureError:
    return ExposureError(
        f"the workers of {address} do not know exposure",
        "it is not installed where they run",
        "install the same version of exposure on all machines",
    )
