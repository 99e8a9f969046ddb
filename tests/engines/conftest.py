"""Real clusters on this machine, each started once: a scheduler or master, and two workers that are processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.engines.stories import SMALL, book, read, visits, write_all
from tests.logs.logbook import Logbook

Library = tuple[Logbook, dict[str, bytes], dict[str, object]]
_SECONDS = 120


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


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Logs of every kind, with what this machine made of them."""
    made = book(tmp_path_factory.mktemp("library"))
    write_all(made)
    return made, *read(made)


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One log of many ranges, with what this machine made of it."""
    made = book(tmp_path_factory.mktemp("long"))
    made.write("access.log", *visits(0, 5_000))
    return made, *read(made, block=SMALL)


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """An S3 server on this machine with two buckets, for this process and all that it starts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIAEXPOSURETEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        for name in ("cluster-logs", "cluster-parts"):
            client.create_bucket(Bucket=name)
        yield url
    server.stop()


class Workers:
    """The address of a cluster, and its workers, which may be hurt: `start` brings a new one."""

    def __init__(self, address: str, start: Callable[[], Process], ready: Callable[[int], bool]) -> None:
        self.address = address
        self._start = start
        self._ready = ready
        self._running: list[Process] = []

    def two(self) -> list[Process]:
        """Give two workers that are well."""
        while len(self._running) < 2:
            self._running.append(self._start())
        until(lambda: self._ready(2), "two workers came")
        return self._running

    def replace(self, worker: Process) -> None:
        """End a worker for good."""
        worker.end()
        self._running.remove(worker)
        until(lambda: not self._ready(len(self._running) + 1), "the worker was missed")


@contextmanager
def processes(folder: Path) -> Iterator[Callable[..., Process]]:
    """Give a way to start programs of Python that end with this one."""
    count = 0
    with ExitStack() as running:

        def start(*command: str, **more: str) -> Process:
            nonlocal count
            count += 1
            room = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
            process = Process([*command], folder / f"{count}.txt", os.environ | room | more)
            running.callback(process.end)
            return process

        yield start


@pytest.fixture(scope="session")
def dask(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A Dask scheduler with two workers."""
    from distributed import Client

    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    with processes(folder) as start:
        python = (sys.executable, "-m")
        alone = ("--no-dashboard", "--scheduler-file", str(file))
        start(*python, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *alone)
        until(file.exists, "the scheduler began")
        with Client(scheduler_file=str(file), set_as_default=False, timeout=_SECONDS) as client:
            address = client.scheduler.address

            def worker() -> Process:
                quiet = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
                room = ("--local-directory", str(folder), "--memory-limit", "0")
                return start(*python, "distributed.cli.dask_worker", address, *quiet, *room)

            yield Workers(
                address.removeprefix("tcp://"),
                worker,
                lambda number: len(client.scheduler_info(-1)["workers"]) >= number,
            )
