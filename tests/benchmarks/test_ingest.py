"""The benchmark of ingest runs from start to end, and its keys are those that docs name."""

import json
import subprocess
import sys


def test_the_benchmark_measures_all_that_is_installed() -> None:
    """On a small log: figures of that size say nothing, but every rival read every line."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--json", "--lines", "8000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert {
        "lines", "vs_ripgrep", "vs_duckdb", "vs_goaccess", "vs_python", "peak_gib", "peak_growth_16x",
    } == set(figures)  # fmt: skip
    assert (8000, True, True) == (figures["lines"], figures["vs_duckdb"] > 0, figures["vs_python"] > 0)
    assert "ours, zst" in done.stdout
