"""Run a step in a process of its own, on so many cores, and take its memory from the operating system."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_fresh(module: str, *arguments: str, cores: int) -> dict[str, Any]:
    """Run `python -m module arguments` on at most so many cores; gives the object that its last line holds."""
    number = str(cores)
    environment = os.environ | {"POLARS_MAX_THREADS": number, "OMP_NUM_THREADS": number, "RAYON_NUM_THREADS": number}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: _pin(cores),
    )
    if done.returncode:
        raise SystemExit(f"{module} {arguments[0]} failed (exit {done.returncode}):\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do a step; gives what it gives, with its seconds, its processor seconds and the peak of this process in GiB."""
    start, busy = time.perf_counter(), time.process_time()
    found = step()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - busy
    return found | {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_gib": peak_gib()}


def peak_gib() -> float:
    """Give the most memory that this process held.

    The kernel's ru_maxrss begins with what the parent held when it forked, so that on Linux the process's own mark is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**30 if sys.platform == "darwin" else most / 2**20


def _pin(cores: int) -> None:
    """Keep to so many cores, where the system can be told."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
