"""How fast logs are read by the workers of an engine, beside this machine by itself, on the same file.

    python -m benchmarks.scale [--quick] [--json]

Lines of nginx, a tenth with an address, in one file. The clusters are real and on this machine: scheduler or master, workers of
one core, and the driver are processes of their own on the same cores, so that two workers cannot be twice as fast here. So each
side's part is measured alone, too: what one core of a worker reads, and what the driver takes in and writes. `own cpu s` is the
processor's time of the process that is measured: without its workers.
"""

import argparse
import json
import os
import platform
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.clusters import Workers, dask_cluster, spark_cluster
from benchmarks.fresh import run_fresh
from benchmarks.large_log import write_log

FULL, QUICK = 6_000_000, 600_000
PIECES = 8
STEPS = "benchmarks.scale_steps"
CLUSTERS = {"dask": dask_cluster, "spark": spark_cluster}


def main() -> None:
    """Measure, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller log, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--lines", type=int, help="lines of the log")
    options = parser.parse_args()
    lines = options.lines or (QUICK if options.quick else FULL)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"{platform.machine()}, {cores} cores; {lines:,} lines\n")
    print(f"{'':<24} {'seconds':>8} {'own cpu s':>12} {'lines/s':>10} {'driver GiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "access.log"
        write_log(file, lines, seed=1)
        several = _in_pieces(file, Path(folder) / "several")
        figures = _measure(file, several, lines, cores)
    if options.json:
        print(json.dumps(figures))


def _in_pieces(file: Path, folder: Path) -> Path:
    """Give a folder with the same lines in several files."""
    folder.mkdir()
    pieces = [(folder / f"{number}.log").open("wb") for number in range(PIECES)]
    length = file.stat().st_size // PIECES + 1
    with file.open("rb") as text:
        for line in text:
            pieces[(text.tell() - 1) // length].write(line)
    for piece in pieces:
        piece.close()
    return folder


def _measure(file: Path, several: Path, lines: int, cores: int) -> dict[str, Any]:
    speeds: dict[str, dict[str, int]] = {}

    def run(engine: str, number: int, step: str, title: str, cores: int, what: Path = file) -> dict[str, Any]:
        done = run_fresh(STEPS, step, str(what), cores=cores)
        found = done.get("found", {"lines": lines})
        if found["lines"] != lines:
            raise SystemExit(f"{title} read {found['lines']:,} of {lines:,} lines")
        speeds.setdefault(engine, {})[str(number)] = round(lines / done["seconds"])
        speed = f"{lines / done['seconds']:>10,.0f}"
        print(
            f"{title:<24} {done['seconds']:>8.2f} {done['cpu_seconds']:>12.2f} {speed} {done['peak_gib']:>10.2f}",
            flush=True,
        )
        return done

    run("local", cores, "local", f"local, {cores} cores", cores)
    sent = run("worker", 1, "worker", "a worker's core alone", 1)["bytes"]
    more = run("worker, several files", 1, "worker", "the same, several files", 1, several)["bytes"]
    run("driver", 1, "driver", "the driver alone", cores)
    run("driver, several files", 1, "driver", "the same, several files", cores, several)
    for engine, cluster in CLUSTERS.items():
        for number in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                _on(cluster(Path(folder)), engine, number, run, cores)
    size = file.stat().st_size
    print(
        f"\nworkers send back {sent / lines:.1f} bytes for a line of {size / lines:.0f}; {more / lines:.1f} of several files"
    )
    back = {"one": round(sent / lines, 1), "several": round(more / lines, 1)}
    return {"lines": lines, "lines_per_second": speeds, "bytes_back_per_line": back}


def _on(cluster: AbstractContextManager[Workers], engine: str, number: int, run: Any, cores: int) -> None:
    """Measure on a cluster of so many workers."""
    with cluster as workers:
        workers.have(number)
        run(engine, number, f"{engine}://{workers.address}", f"{engine}, {number} worker{'s' * (number > 1)}", cores)


if __name__ == "__main__":
    main()
