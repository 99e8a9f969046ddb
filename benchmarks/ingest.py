"""How fast logs are read, beside what a team would reach for instead, and how the memory grows.

    python -m benchmarks.ingest [--quick] [--json]

10 million lines of nginx, a tenth with an address: ripgrep that only counts them (the limit), DuckDB with one regular expression a
line, GoAccess, the usual Python script, and ours with everything that `exposure ingest` does; then ours on the same as gz, zst
and JSON. Slow rivals get a part of the file, and their speed is that. Each runs in a process of its own on two cores; the peak
comes from the operating system. What is not installed is left out of the table.
"""

import argparse
import gzip
import json
import os
import platform
import shutil
import tempfile
from math import isnan
from pathlib import Path
from typing import Any

from benchmarks.fresh import run_fresh
from benchmarks.large_log import write_log
from exposure.logs.reading.unpack import zstd

FULL, QUICK = 10_000_000, 600_000
CORES = 2
STEPS = "benchmarks.ingest_steps"
# Of slower programs so many lines are measured.
PART = {"duckdb": 2_000_000, "duckdb_json": 2_000_000, "goaccess": 500_000, "python": 500_000}


def main() -> None:
    """Measure, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller log, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--lines", type=int, help="lines of the log")
    parser.add_argument("--folder", type=Path, help="where the logs are made (default: a temporary folder)")
    options = parser.parse_args()
    lines = options.lines or (QUICK if options.quick else FULL)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used; {lines:,} lines\n")
    print(f"{'':<22} {'lines':>11} {'seconds':>8} {'M lines/s':>9} {'MB/s':>7} {'peak GiB':>8}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        figures = _measure(Path(folder), lines)
    print(
        f"\nour time / ripgrep's: {_shown(figures['vs_ripgrep'])}; our speed / DuckDB's: {_shown(figures['vs_duckdb'])}, ",
        end="",
    )
    print(f"GoAccess': {_shown(figures['vs_goaccess'])}, the script's: {_shown(figures['vs_python'])}")
    print(f"peak at 16x / peak at 1x: {figures['peak_growth_16x']}")
    if options.json:
        print(json.dumps(figures))


def _measure(folder: Path, lines: int) -> dict[str, Any]:
    plain = folder / "access.log"
    write_log(plain, lines, seed=1)
    run = _Runs(folder)
    ripgrep = run("ripgrep", "ripgrep, count", plain, lines)
    ours = run("ours", "ours", plain, lines)
    sizes = {16: ours["peak_gib"]}
    for scale in (1, 4):
        part = _head(plain, lines * scale // 16)
        sizes[scale] = run("ours", f"ours, {scale}/16 of it", part, lines * scale // 16)["peak_gib"]
    speeds = {"ours": lines / ours["seconds"]}
    for name, title in (("duckdb", "DuckDB, all fields"), ("goaccess", "GoAccess"), ("python", "Python, re a line")):
        count = min(lines, PART[name])
        done = run(name, title, _head(plain, count), count)
        speeds[name] = count / done["seconds"] if done else float("nan")
    _packed(run, plain, lines)
    plain.unlink()
    count = min(lines, PART["duckdb_json"])
    objects = folder / "access.json"
    write_log(objects, count, seed=1, kind="json")
    run("ours", "ours, JSON lines", objects, count)
    run("duckdb_json", "DuckDB, JSON lines", objects, count)
    return {
        "lines": lines,
        "vs_ripgrep": _ratio(ours["seconds"], ripgrep.get("seconds")),
        **{f"vs_{name}": _ratio(speeds["ours"], speeds[name]) for name in ("duckdb", "goaccess", "python")},
        "peak_gib": round(ours["peak_gib"], 3),
        "peak_growth_16x": round(sizes[16] / sizes[1], 2),
    }


class _Runs:
    """Runs steps and prints a line of the table for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, step: str, title: str, file: Path, lines: int) -> dict[str, Any]:
        done = run_fresh(STEPS, step, str(file), cores=CORES)
        if not done:
            print(f"{title:<22} not installed", flush=True)
            return done
        read = done["found"]["parsed"] if step == "ours" else done.get("lines", lines)
        if read != lines:
            raise SystemExit(f"{title} read {read:,} of {lines:,} lines")
        seconds, size = done["seconds"], file.stat().st_size / 1e6
        peak = f"{done['peak_gib']:>8.2f}" if "peak_gib" in done else f"{'':>8}"
        print(
            f"{title:<22} {lines:>11,} {seconds:>8.2f} {lines / seconds / 1e6:>9.3f} {size / seconds:>7.0f} {peak}",
            flush=True,
        )
        return done


def _packed(run: _Runs, plain: Path, lines: int) -> None:
    packed = plain.with_suffix(".log.gz")
    with plain.open("rb") as file, gzip.open(packed, "wb", compresslevel=6) as out:
        shutil.copyfileobj(file, out, 1 << 20)
    run("ours", "ours, gz", packed, lines)
    packed.unlink()
    packed = plain.with_suffix(".log.zst")
    with plain.open("rb") as file, packed.open("wb") as out:
        packer = zstd.ZstdCompressor()
        while chunk := file.read(1 << 20):
            out.write(packer.compress(chunk))
        out.write(packer.flush())
    run("ours", "ours, zst", packed, lines)
    packed.unlink()


def _head(file: Path, lines: int) -> Path:
    """Give a file with so many of the first lines, made once."""
    part = file.with_name(f"{file.stem}-{lines}.log")
    if not part.exists():
        with file.open("rb") as text, part.open("wb") as out:
            out.writelines(line for _, line in zip(range(lines), text, strict=False))
    return part


def _ratio(one: float, other: float | None) -> float | None:
    return None if other is None or isnan(other) else round(one / other, 2)


def _shown(ratio: float | None) -> str:
    return "not measured" if ratio is None else f"{ratio:.1f}"


if __name__ == "__main__":
    main()
