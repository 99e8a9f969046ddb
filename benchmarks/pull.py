"""How fast blocks and logs are pulled, beside what a team would reach for instead, and how the memory grows.

    python -m benchmarks.pull [--quick] [--json]

One mock server (benchmarks/rpc_mock.py) serves blocks as large as mainnet's with 50 ms latency; every program runs in a process
of its own, one after the other, on the same two cores as the server. Slow rivals get fewer blocks, and their speed is that. What is
not installed is left out of the table.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.fresh import run_fresh

CORES = 2
STEPS = "benchmarks.pull_steps"
# (step, what it is, blocks, blocks with --quick)
BLOCKS = (
    ("web3_loop", "web3, block by block", 100, 30),
    ("async_web3", "AsyncWeb3, 16 at a time", 200, 60),
    ("async_web3_batch", "AsyncWeb3, batches of 20", 200, 80),
    ("cryo_blocks", "cryo, transactions", 600, 200),
    ("our_blocks", "ours", 2_000, 600),
    ("read_blocks", "reads only", 2_000, 600),
)
LOGS = (
    ("cryo_logs", "cryo, logs", 1_000, 300),
    ("our_logs", "ours, logs", 1_000, 300),
    ("read_logs", "reads logs only", 1_000, 300),
)


def main() -> None:
    """Measure, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer blocks, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before every answer")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used; load before: {load:.1f}\n")
    print(f"{'':<26} {'blocks':>7} {'seconds':>8} {'blocks/s':>9} {'CPU ms/block':>12} {'peak GiB':>8}")
    with mock(options.latency) as url:
        speeds = {
            step: _run(url, step, title, quick if options.quick else full)
            for step, title, full, quick in (*BLOCKS, *LOGS)
        }
        small = 200 if options.quick else 2_000
        peaks = [_run(url, "our_blocks", f"ours, {n:,} blocks", n)["peak_gib"] for n in (small, 10 * small)]
    figures = {
        "blocks_vs_cryo": _ratio(speeds["our_blocks"], speeds["cryo_blocks"]),
        "blocks_vs_async_web3": _ratio(speeds["our_blocks"], speeds["async_web3"]),
        "logs_vs_cryo": _ratio(speeds["our_logs"], speeds["cryo_logs"]),
        "vs_read_only": _ratio(speeds["read_blocks"], speeds["our_blocks"]),
        "logs_vs_read_only": _ratio(speeds["read_logs"], speeds["our_logs"]),
        "peak_growth_10x": round(peaks[1] / peaks[0], 2),
    }
    print("\n" + "\n".join(f"{name}: {'not measured' if ratio is None else ratio}" for name, ratio in figures.items()))
    if options.json:
        print(json.dumps(figures))


@contextmanager
def mock(latency: float) -> Iterator[str]:
    """Run the mock server; gives its URL."""
    command = [sys.executable, "-m", "benchmarks.rpc_mock", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()


def _run(url: str, step: str, title: str, blocks: int) -> dict[str, Any]:
    """Run one step and print its line; gives its figures with `speed` in blocks a second."""
    done = run_fresh(STEPS, step, url, str(blocks), cores=CORES)
    if not done:
        print(f"{title:<26} not installed", flush=True)
        return done
    seconds, cpu = done["seconds"], 1_000 * done["cpu_seconds"] / blocks
    print(
        f"{title:<26} {blocks:>7,} {seconds:>8.2f} {blocks / seconds:>9.1f} {cpu:>12.2f} {done['peak_gib']:>8.2f}",
        flush=True,
    )
    return {**done, "speed": blocks / seconds}


def _ratio(one: dict[str, Any], other: dict[str, Any]) -> float | None:
    return round(one["speed"] / other["speed"], 2) if one and other else None


if __name__ == "__main__":
    main()
