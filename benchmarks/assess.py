"""How long the assessment takes, how much memory, how both grow, and how DuckDB does on the same joins.

    python -m benchmarks.assess [--quick] [--json] [--scale]

A case of 1 million wallets, 20 million sightings and 20 million transfers (16x), and a quarter and a sixteenth of it. Measured
is the step as the pipeline calls it: tables read from Parquet, verdicts and evidence written to it, in a fresh process on two
cores, its peak taken from the operating system. DuckDB runs the joins that SQL can say over the same files (see
assess_duckdb.py for what it is spared); counts that both make are compared, and one that differs is an error.

With --scale it is a case of 10 million wallets and 200 million sightings, and a quarter, a sixteenth and a 64th of it: most
people come a few times and some every day, all are candidates, and a quarter of them moved anything on chain (four transfers a
wallet in the mean). Measured is also the step before, which settles whom the chain is asked about; DuckDB is left out.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.fresh import run_fresh

FULL, QUICK = 1_000_000, 32_000
SCALES = (1, 4, 16)
WIDE, WIDE_QUICK = 10_000_000, 64_000
PARTS = (64, 16, 4, 1)
CORES = 2
STEPS = "benchmarks.assess_steps"


def main() -> None:
    """Measure, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller data, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument(
        "--scale", action="store_true", help="how it grows up to 10 million wallets; needs 50 GB of disk"
    )
    parser.add_argument("--wallets", type=int, help="wallets of the largest case")
    parser.add_argument("--folder", type=Path, help="where the cases are made (default: a temporary folder)")
    options = parser.parse_args()
    if options.scale:
        rows = _grow(options.wallets or (WIDE_QUICK if options.quick else WIDE), options.folder)
        if options.json:
            print(json.dumps(rows))
        return
    wallets = options.wallets or (QUICK if options.quick else FULL)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used; {wallets:,} wallets at 16x\n")
    print(
        f"{'':>4} {'wallets':>9} {'sightings':>10} {'transfers':>10} | {'seconds':>8} {'cpu':>7} {'GiB':>6} |", end=""
    )
    print(f" {'DuckDB s':>8} {'cpu':>7} {'GiB':>6} | {'speed':>6}")
    rows = []
    for scale in SCALES:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            row = _measure(Path(folder), wallets * scale // SCALES[-1])
        rows.append(row)
        made, ours, theirs = row["rows"], row["ours"], row["duckdb"]
        print(f"{scale:>3}x {row['wallets']:>9,} {made['sightings']:>10,} {made['transfers']:>10,} |", end="")
        print(f" {ours['seconds']:>8.2f} {ours['cpu_seconds']:>7.1f} {ours['peak_gib']:>6.2f} |", end="")
        print(f" {theirs['seconds']:>8.2f} {theirs['cpu_seconds']:>7.1f} {theirs['peak_gib']:>6.2f} |", end="")
        print(f" {theirs['seconds'] / ours['seconds']:>6.2f}", flush=True)
    figures = _figures(rows)
    print(f"\n16x costs {figures['growth_16x']:.1f} times what 1x costs; n log n would be {_n_log_n(rows):.1f}")
    print(f"our speed over DuckDB's at 16x: {figures['vs_duckdb']:.2f}; the counts that both make are equal")
    if options.json:
        print(json.dumps(figures))


def _grow(wallets: int, folder: Path | None) -> dict[str, Any]:
    """Measure parts of a large case, print a line each, and give the figures of the largest, and how memory grew to it."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used\n")
    print(f"{'wallets':>10} {'sightings':>11} {'transfers':>10} | {'seconds':>8} {'cpu':>7} {'GiB':>6} |", end="")
    print(f" {'asked s':>8} {'cpu':>7} {'GiB':>6}")
    peaks: dict[int, float] = {}
    figures: dict[str, Any] = {}
    for part in PARTS:
        with tempfile.TemporaryDirectory(dir=folder) as case:
            made = run_fresh(STEPS, "make", case, str(wallets // part), "real", cores=os.cpu_count() or CORES)["rows"]
            asked = run_fresh(STEPS, "asked", case, cores=CORES)
            ours = run_fresh(STEPS, "ours", case, cores=CORES)
        peaks[wallets // part] = ours["peak_gib"]
        print(f"{wallets // part:>10,} {made['sightings']:>11,} {made['transfers']:>10,} |", end="")
        print(f" {ours['seconds']:>8.1f} {ours['cpu_seconds']:>7.1f} {ours['peak_gib']:>6.2f} |", end="")
        print(f" {asked['seconds']:>8.1f} {asked['cpu_seconds']:>7.1f} {asked['peak_gib']:>6.2f}", flush=True)
        figures = {name: round(ours[name], 3) for name in ("seconds", "cpu_seconds", "peak_gib")}
    return {"wallets": wallets, **figures, "peaks_gib": {str(size): round(peak, 3) for size, peak in peaks.items()}}


def _measure(folder: Path, wallets: int) -> dict[str, Any]:
    """Make a case and have it assessed by both."""
    made = run_fresh(STEPS, "make", str(folder), str(wallets), cores=os.cpu_count() or CORES)
    ours = run_fresh(STEPS, "ours", str(folder), cores=CORES)
    found = ours["found"]
    (folder / "told.json").write_text(json.dumps(found.pop("told")))
    theirs = run_fresh(STEPS, "duckdb", str(folder), cores=CORES)
    if found != theirs["found"]:
        raise SystemExit(f"the two sides differ:\n  ours   {found}\n  DuckDB {theirs['found']}")
    return {"wallets": wallets, "rows": made["rows"], "ours": ours, "duckdb": theirs}


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the figures that stay: those of 16x, and its time over 1x."""
    small, large = rows[0], rows[-1]
    return {
        "wallets": large["wallets"],
        "seconds": round(large["ours"]["seconds"], 3),
        "peak_gib": round(large["ours"]["peak_gib"], 3),
        "growth_16x": round(large["ours"]["seconds"] / small["ours"]["seconds"], 2),
        "vs_duckdb": round(large["duckdb"]["seconds"] / large["ours"]["seconds"], 3),
    }


def _n_log_n(rows: list[dict[str, Any]]) -> float:
    """Give how much dearer n log n would be, from the smallest to the largest."""
    import math

    small, large = (row["rows"]["sightings"] + row["rows"]["transfers"] for row in (rows[0], rows[-1]))
    return float(large * math.log(large) / (small * math.log(small)))


if __name__ == "__main__":
    main()
