"""The steps of `benchmarks.scale`, each run in a process of its own.

    python -m benchmarks.scale_steps local|worker|driver|dask://HOST:PORT|spark://HOST:PORT FILE

Each prints one JSON object as its last line.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.fresh import measure
from benchmarks.ingest_steps import ACTIONS, ingested, ours
from exposure.engines.choose import reader_of
from exposure.engines.gather import Cluster, Failure
from exposure.engines.tasks import Job, Task, plan
from exposure.engines.work import work
from exposure.incident import Asset, LogSource
from exposure.logs.reading.finding import find_places
from exposure.logs.reading.sources import BLOCK, name_files


class Here:
    """An engine of one: this process does the tasks before the run, so that each side's part is seen alone."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def run(self, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, bytes | Failure]]:
        """Give what was found, or find it."""
        for task in tasks:
            if str(task) not in self.found:
                self.found[str(task)] = work(job, task)
            yield task, self.found[str(task)]


def worker(file: Path) -> dict[str, Any]:
    """Do all tasks of a file on one core, as a worker does, and nothing else."""
    log = LogSource(path=str(file))
    files = name_files(file.parent, [(log, place) for place in find_places(file.parent, log)])
    job = Job(ACTIONS, (Asset(path="/static/app.js"),), b"k" * 32, BLOCK)
    tasks = list(plan(files, BLOCK))
    work(job, tasks[0])  # the machine code is loaded once in a worker's life
    return measure(lambda: {"bytes": sum(len(work(job, task)) for task in tasks)})


def driver(file: Path) -> dict[str, Any]:
    """Take in what workers found, and write the tables, as the machine does that the command runs on."""
    engine = Here()
    ingested(file, Cluster(engine))
    return ingested(file, Cluster(engine))


def main() -> None:
    """Do one step."""
    name, file = sys.argv[1], Path(sys.argv[2])
    if name in ("local", "worker", "driver"):
        done = {"local": ours, "worker": worker, "driver": driver}[name](file)
    else:
        reader = reader_of(name)
        assert reader is not None
        done = ingested(file, reader)
    print(json.dumps(done, default=str))


if __name__ == "__main__":
    main()
