"""How long the shared sheet takes to write and to merge, how much memory, and how plain polars.write_excel does.

    python -m benchmarks.sheet [--quick] [--json]

A case of 100,000 wallets with three reasons each. Ours is what `exposure sheet` does: tables read from Parquet, people's words
merged, workbook, CSV and Parquet written. Plain is `write_excel` of the same pages from frames in memory, into one workbook:
no links, no comments, no colours, no CSV, no check of what anybody typed. Each step runs in a fresh process on two cores.
"""

import argparse
import json
import os
import platform
import tempfile
from typing import Any

from benchmarks.fresh import run_fresh

FULL, QUICK = 100_000, 10_000
CORES = 2
STEPS = "benchmarks.sheet_steps"


def main() -> None:
    """Measure, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller data, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--wallets", type=int, help="how many wallets")
    options = parser.parse_args()
    wallets = options.wallets or (QUICK if options.quick else FULL)
    with tempfile.TemporaryDirectory() as folder:
        made = run_fresh(STEPS, "make", folder, str(wallets), cores=os.cpu_count() or CORES)
        found = {step: run_fresh(STEPS, step, folder, cores=CORES) for step in ("ours", "merge", "plain")}
    rows = ", ".join(f"{count:,} {name}" for name, count in made["rows"].items())
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used; {rows}\n")
    print(f"{'':<44} {'seconds':>8} {'cpu':>7} {'GiB':>6} {'MB':>6}")
    names = {
        "ours": "ours: workbook, CSV and Parquet",
        "merge": "ours again, over 1,000 notes typed in the CSV",
        "plain": "polars write_excel of the same pages",
    }
    for step, name in names.items():
        _print(name, found[step])
    figures = {
        "rows": wallets,
        "seconds": round(found["ours"]["seconds"], 3),
        "vs_write_excel": round(found["ours"]["seconds"] / found["plain"]["seconds"], 3),
        "merge_seconds": round(found["merge"]["seconds"], 3),
        "peak_gib": round(found["ours"]["peak_gib"], 3),
        "plain_peak_gib": round(found["plain"]["peak_gib"], 3),
    }
    print(f"\nour time over plain polars': {figures['vs_write_excel']:.2f}")
    if options.json:
        print(json.dumps(figures))


def _print(name: str, step: dict[str, Any]) -> None:
    size = f"{step['bytes'] / 1e6:.1f}" if "bytes" in step else ""
    print(f"{name:<44} {step['seconds']:>8.2f} {step['cpu_seconds']:>7.1f} {step['peak_gib']:>6.2f} {size:>6}")


if __name__ == "__main__":
    main()
