"""Real clusters on this machine: a scheduler or master, and workers that are processes of their own. For benchmarks and tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tools.get_java import find_java

_SECONDS = 120
# A worker is one core: polars would take all cores for each.
_ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


class Process:
    """A program with all that it starts."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )

    def send(self, sign: signal.Signals) -> None:
        """Send a signal to all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, sign)

    def end(self) -> None:
        """End it, be it stopped or not."""
        self.send(signal.SIGKILL)
        self._process.wait()

    def told(self) -> str:
        """Give what it has said."""
        return self._log.read_text(errors="replace")


class Workers:
    """The address of a cluster, its head, and its workers, which may be hurt and replaced."""

    def __init__(self, address: str, head: Process, start: Callable[[], Process], known: Callable[[], int]) -> None:
        self.address = address
        self.head = head
        self._start = start
        self._known = known
        self._running: list[Process] = []

    def have(self, number: int) -> list[Process]:
        """Give so many workers that are well; others than these are not ended."""
        while len(self._running) < number:
            self._running.append(self._start())
        until(lambda: self._known() >= number, "the workers came")
        return self._running

    def lose(self, worker: Process) -> None:
        """End a worker for good, and wait until that is noticed."""
        worker.end()
        self._running.remove(worker)
        until(lambda: self._known() <= len(self._running), "the worker was missed")


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so. Raises TimeoutError."""
    end = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"never true: {what}")
        time.sleep(0.1)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Workers]:
    """Start a Dask scheduler on loopback; its workers have one thread each."""
    from distributed import Client

    file = folder / "scheduler.json"
    python = (sys.executable, "-m")
    with _programs(folder) as start:
        place = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        head = start(*python, "distributed.cli.dask_scheduler", *place, "--no-dashboard")
        until(file.exists, "the scheduler began")
        with Client(scheduler_file=str(file), set_as_default=False, timeout=_SECONDS) as client:
            address = client.scheduler.address

            def worker() -> Process:
                alone = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
                room = ("--local-directory", str(folder), "--memory-limit", "0")
                return start(*python, "distributed.cli.dask_worker", address, *alone, *room)

            yield Workers(
                address.removeprefix("tcp://"),
                head,
                worker,
                lambda: len(client.scheduler_info(n_workers=-1)["workers"]),
            )


@contextmanager
def spark_cluster(folder: Path) -> Iterator[Workers]:
    """Start a Spark standalone master on loopback; its workers have one core each. This process gets a driver's environment."""
    import pyspark

    room = {
        "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder), "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_DAEMON_MEMORY": "256m", "PYSPARK_PYTHON": sys.executable, **find_java(),
    }  # fmt: skip
    before = dict(os.environ)
    os.environ.update(room)
    program = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    quiet = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    try:
        with _programs(folder) as start:
            master = start(program, "org.apache.spark.deploy.master.Master", *quiet)
            said = "Starting Spark master at spark://"
            until(lambda: said in master.told(), "the master began")
            address = master.told().partition(said)[2].split()[0]

            def worker() -> Process:
                kind = "org.apache.spark.deploy.worker.Worker"
                return start(program, kind, *quiet, "--cores", "1", "--memory", "2g", f"spark://{address}")

            def known() -> int:
                return master.told().count("Registering worker") - master.told().count("Removing worker")

            yield Workers(address, master, worker, known)
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _programs(folder: Path) -> Iterator[Callable[..., Process]]:
    """Give a way to start programs that end with this one."""
    with ExitStack() as running:
        started: list[Process] = []

        def start(*command: str) -> Process:
            room = os.environ | _ONE_CORE | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            process = Process([*command], folder / f"program-{len(started)}.txt", room)
            started.append(process)
            running.callback(process.end)
            return process

        yield start
