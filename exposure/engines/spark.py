"""Tasks by the executors of a Spark cluster: a thin adapter."""

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from exposure.engines.gather import Failure
from exposure.engines.tasks import Job, Task
from exposure.engines.work import introduce, known_by, work
from exposure.errors import ExposureError
from exposure.logs.ahead import MOST_AT_ONCE, in_order

_CONNECT = 30
_EXECUTORS = 60
_LOOK = 0.2
_SCHEMA = "number long, found binary, why string"
# An executor tries so often what cannot be read, and then says so: to fail would end its Python, which takes seconds to start.
_TRIES = 2
_SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    # a task is a row: a batch of more of them would hold several results
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
    "spark.sql.session.timeZone": "UTC",
    # each executor's core does a task: polars would take all cores for each
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    # a task that takes far longer than its like is begun by another executor, too
    "spark.speculation": "true",
    "spark.speculation.minTaskRuntime": "30s",
}


class Spark:
    """The standalone cluster whose master is at HOST:PORT. All else is as Spark's own configuration says."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session: Any = None

    def run(self, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, bytes | Failure]]:
        """Give what `work` gives of each task, in their order; a job has a task for every core, and a few jobs are under way."""
        first = (
            self._session is None
        )  # a process has one session, and tasks that failed together are tried alone meanwhile
        session = self._session = self._session or self._connected()
        try:
            waves = in_order(lambda wave: self._do(session, job, wave), _waves(session, tasks), lambda _: MOST_AT_ONCE)
            for wave in waves:
                yield from wave
        finally:
            if first:
                self._session = None
                session.stop()

    def _connected(self) -> Any:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise ExposureError(
                "logs cannot be read by Spark", "the package is not installed", "pip install 'exposure[spark]'"
            ) from None
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_CONNECT).close()
        except OSError:
            raise ExposureError(
                f"the Spark master at {self.address} does not answer",
                "nothing is there, or it cannot be reached from here",
                "see that it runs, and name it as its own page does: spark://HOST:PORT",
            ) from None
        # else executors take the system's Python, which knows none of our packages
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master(f"spark://{self.address}").appName("exposure")
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")  # of a task that failed it would write the text
        try:
            self._wait_for_executors(session)
            known_by(dict(enumerate(_introduced(session))))
        except BaseException:
            session.stop()
            raise
        return session

    def _wait_for_executors(self, session: Any) -> None:
        """Wait for the first executor: Spark itself would wait for ever."""
        status = session.sparkContext._jsc.sc()  # noqa: SLF001 - the Python side does not tell
        end = time.monotonic() + _EXECUTORS
        while status.getExecutorMemoryStatus().size() < 2:  # one is the driver
            if time.monotonic() > end:
                raise ExposureError(
                    f"the Spark master at {self.address} gives no executors",
                    f"none came within {_EXECUTORS} seconds: there are no workers, or they have not so much memory or cores free",
                    "see the master's page; spark.executor.memory and spark.cores.max say what is asked for",
                )
            time.sleep(_LOOK)

    def _do(self, session: Any, job: Job, wave: Sequence[Task]) -> list[tuple[Task, bytes | Failure]]:
        """Do a wave in one Spark job. Where it fails, each of its tasks is tried alone."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            rows = session.range(0, len(wave), 1, len(wave)).mapInArrow(_worker(job, wave), _SCHEMA).collect()
        except (PySparkException, Py4JError):
            if session.sparkContext._jsc.sc().isStopped():  # noqa: SLF001
                raise ExposureError(
                    f"the Spark master at {self.address} went away",
                    "what it was asked for was lost with it",
                    "start it again, and read again",
                ) from None
            if len(wave) == 1:
                return [(wave[0], Failure("every executor that tried it failed"))]
            return [done for task in wave for done in self._do(session, job, [task])]
        found = {row.number: Failure(row.why) if row.found is None else bytes(row.found) for row in rows}
        return [(task, found[number]) for number, task in enumerate(wave)]


def _waves(session: Any, tasks: Iterator[Task]) -> Iterator[list[Task]]:
    while wave := list(islice(tasks, max(1, session.sparkContext.defaultParallelism))):
        yield wave


def _worker(job: Job, wave: Sequence[Task]) -> Any:
    """Give the function that Spark runs for a partition, which is the row of one task."""

    def do(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            for number in batch.column(0).to_pylist():
                found, why = _tried(job, wave[number])
                row = [pa.array([number], pa.int64()), pa.array([found], pa.binary()), pa.array([why], pa.string())]
                yield pa.record_batch(row, ["number", "found", "why"])

    return do


def _tried(job: Job, task: Task) -> tuple[bytes | None, str | None]:
    """Do a task; gives what was found, or why it cannot be done."""
    why = None
    for _ in range(_TRIES):
        try:
            return work(job, task), None
        except ExposureError as error:
            why = f"{error.what}: {error.why}"
    return None, why


def _introduced(session: Any) -> list[str]:
    """Ask an executor which versions it has."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    def ask(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            yield pa.record_batch([pa.array([introduce()] * batch.num_rows)], ["told"])

    try:
        return [row.told for row in session.range(0, 1, 1, 1).mapInArrow(ask, "told string").collect()]
    except (PySparkException, Py4JError):
        raise ExposureError(
            "the Spark executors cannot run exposure",
            "it is not installed where they run, or under another Python",
            "install the same version of exposure[spark] on all machines, and name its Python as PYSPARK_PYTHON",
        ) from None
