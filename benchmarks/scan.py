"""How often the temporal scan's intervals hold T1 and T2, how wide they are against an oracle's, and what a scan costs.

    python -m benchmarks.scan [--quick] [--json]

The oracle is the same posterior, told the rates of harm inside and outside. `open` are the shares of intervals that are not
bounded on the outer side, for T1 and T2, then the oracle's; an open interval is wider than any.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np

from benchmarks.outbreaks import DAY, HOUR, MINUTE, Outbreak, Setting, any_setting, make_outbreak
from exposure.assess.bounds import Bound
from exposure.assess.intervals import wilson
from exposure.assess.scan import Scan, scan_bounds
from exposure.assess.scan_grid import Rates

SETTINGS = (
    Setting("5 harmed of 5 in 10 minutes", 5, 1.0, 10 * MINUTE),
    Setting("5 harmed of 100 in 20 days", 5, 0.05, 20 * DAY),
    Setting("10 of 20 in 6 hours", 10, 0.5, 6 * HOUR),
    Setting("20 of 200 in 10 minutes", 20, 0.1, 10 * MINUTE),
    Setting("20 of 60 in a day, retries", 20, 0.33, DAY, visits="retries"),
    Setting("20 of 60 in a day, each retry may harm", 20, 0.33, DAY, visits="hazard"),
    Setting("20 of 100 in 2 days, half come daily", 20, 0.2, 2 * DAY, visits="daily"),
    Setting("50 of 50 in 20 days, half come daily", 50, 1.0, 20 * DAY, visits="daily"),
    Setting("50 of 100 in 12 hours, no noise", 50, 0.5, 12 * HOUR, noise=0.0),
    Setting("200 of 4000 in 5 days, 8 % noise", 200, 0.05, 5 * DAY, noise=0.08),
    Setting("200 of 250 in an hour, 8 % noise", 200, 0.8, HOUR, noise=0.08),
    Setting("20 of 60 in a day, logs begin at T1", 20, 0.33, DAY, before=0.0),
    Setting("20 of 60 in a day, logs begin 1 hour before", 20, 0.33, DAY, before=HOUR),
    Setting("20 of 60 in a day, logs end 1 hour after", 20, 0.33, DAY, after=HOUR),
    Setting("20 of 60 in a day, taken hours later", 20, 0.33, DAY, wait="lognormal", delay=3 * HOUR),
    Setting("50 of 100 in a day, taken a month later", 50, 0.5, DAY, wait="lognormal", delay=30 * DAY),
    Setting("50 of 100 in 3 days, taken at night", 50, 0.5, 3 * DAY, wait="nightly"),
    Setting("50 of 100 in a day, hours later, until the end", 50, 0.5, DAY, wait="lognormal", delay=3 * HOUR, stop=DAY),
    Setting(
        "80 of 160 in 2 days, weeks later, two weeks long",
        80,
        0.5,
        2 * DAY,
        wait="lognormal",
        delay=10 * DAY,
        stop=14 * DAY,
    ),
    Setting("50 of 100 in a day, half come daily, weeks later", 50, 0.5, DAY, 0.03, "daily", "lognormal", 10 * DAY),
    Setting("30 of 75 in 6 hours, as many a day later", 30, 0.4, 6 * HOUR, second=DAY),
)
SIZES = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Row:
    """A setting's result: how often each end was held, of how many; widths in minutes, None: open in the median."""

    setting: str
    runs: int
    held_t1: int
    held_t2: int
    open_t1: int
    open_t2: int
    oracle_open_t1: int
    oracle_open_t2: int
    width_t1: float | None
    width_t2: float | None
    ratio_t1: float | None
    ratio_t2: float | None
    several: int
    milliseconds: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 outbreaks a setting and no million")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, help="outbreaks a setting, else 400")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    parser.add_argument("--cost", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cost:
        print(json.dumps(measure_cost(given.cost)))
        return
    runs = given.runs or (40 if given.quick else 400)
    if not given.json:
        print(_HEAD)
    rows = []
    for setting in [*SETTINGS, None]:
        if given.only not in (setting.name if setting else "any"):
            continue
        row = measure(setting, runs if setting else 2 * runs)
        rows.append(row)
        if not given.json:
            print(show(row), flush=True)
    costs = [] if given.only else [_in_own_process(size) for size in (SIZES[:2] if given.quick else SIZES)]
    if given.json:
        print(json.dumps({"settings": [asdict(row) for row in rows], "costs": costs}, indent=1))
        return
    if not rows:
        sys.exit(f"no setting's name holds {given.only!r}")
    print(f"held in all: T1 {_share(rows, 'held_t1')}, T2 {_share(rows, 'held_t2')}")
    for cost in costs:
        print(
            f"{cost['exposures']:>9,} exposures: {cost['seconds']:.2f} s, peak memory {cost['mebibytes']:.0f} MiB more"
        )


def measure(setting: Setting | None, runs: int) -> Row:
    """Simulate and scan so many outbreaks of a setting (None: each of another one)."""
    widths: dict[str, list[tuple[float, float]]] = {"T1": [], "T2": []}
    held = {"T1": 0, "T2": 0}
    several, spent = 0, 0.0
    for seed in range(runs):
        dice = np.random.default_rng([seed, sum((setting.name if setting else "any").encode())])
        made = make_outbreak(setting or any_setting(dice), dice)
        began = time.perf_counter()
        scan = scan_bounds(made.exposures)
        spent += time.perf_counter() - began
        several += len(scan.pairs) > 1
        oracle = _oracle(made)
        for name, truth in (("T1", made.t1), ("T2", made.t2)):
            bound, other = _bound(scan, name), _bound(oracle, name)
            held[name] += _holds(bound, truth)
            widths[name].append((_width(bound), _width(other)))
    found = {}
    for name, pairs in widths.items():
        mine, best = np.array(pairs).T
        found[name] = (
            float(np.median(mine)),
            float(np.median(best)),
            int(np.isinf(mine).sum()),
            int(np.isinf(best).sum()),
        )
    return Row(
        setting.name if setting else "any: all drawn anew each time",
        runs,
        held["T1"],
        held["T2"],
        found["T1"][2],
        found["T2"][2],
        found["T1"][3],
        found["T2"][3],
        _finite(found["T1"][0]),
        _finite(found["T2"][0]),
        _ratio(*found["T1"][:2]),
        _ratio(*found["T2"][:2]),
        several,
        1000 * spent / runs,
    )


def _oracle(made: Outbreak) -> Scan:
    sure = 1e6
    rate, outside = min(made.rate, 1 - 1e-6), max(made.outside, 1e-5)
    return scan_bounds(made.exposures, Rates((sure * rate, sure * (1 - rate)), (sure * outside, sure * (1 - outside))))


def _bound(scan: Scan, name: str) -> Bound:
    bound = scan.hull.t1 if name == "T1" else scan.hull.t2
    assert bound is not None
    return bound


def _seconds(moment: datetime | None, missing: float) -> float:
    return missing if moment is None else moment.timestamp()


def _width(bound: Bound) -> float:
    return (_seconds(bound.latest, np.inf) - _seconds(bound.earliest, -np.inf)) / 60


def _holds(bound: Bound, truth: float) -> bool:
    # Logs tell whole seconds.
    return _seconds(bound.earliest, -np.inf) - 1 <= truth <= _seconds(bound.latest, np.inf) + 1


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _ratio(mine: float, best: float) -> float | None:
    return mine / best if np.isfinite(mine) and np.isfinite(best) else None


_HEAD = (
    f"{'setting':48} {'T1 held':>19} {'T2 held':>19} {'open':>9} {'oracle':>9} {'median minutes':>17} {'÷ oracle':>11}"
    f" {'ms':>5} windows>1"
)


def show(row: Row) -> str:
    """Write a row of the table."""
    held = [_held(hits, row.runs) for hits in (row.held_t1, row.held_t2)]
    widths = " ".join("open".rjust(8) if width is None else f"{width:8,.0f}" for width in (row.width_t1, row.width_t2))
    ratios = " ".join("-".rjust(5) if ratio is None else f"{ratio:5.2f}" for ratio in (row.ratio_t1, row.ratio_t2))
    opened = f"{100 * row.open_t1 / row.runs:3.0f} {100 * row.open_t2 / row.runs:3.0f} %"
    oracle = f"{100 * row.oracle_open_t1 / row.runs:3.0f} {100 * row.oracle_open_t2 / row.runs:3.0f} %"
    return (
        f"{row.setting:48} {held[0]:>19} {held[1]:>19} {opened:>9} {oracle:>9} {widths} {ratios}"
        f" {row.milliseconds:5.0f} {row.several}"
    )


def _held(hits: int, runs: int) -> str:
    low, high = wilson(hits, runs)
    return f"{100 * hits / runs:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def _share(rows: list[Row], name: str) -> str:
    return _held(sum(getattr(row, name) for row in rows), sum(row.runs for row in rows)) + " %"


def measure_cost(exposures: int) -> dict[str, float]:
    """Scan so many exposures of a month, half of them by daily users; give seconds and the peak of memory above the input's."""
    import resource

    # Half of the wallets of a day come daily: in the mean an exposure a wallet and day.
    dice = np.random.default_rng(1)
    setting = Setting("cost", 200, 200 * 30 / exposures / 1.55, DAY, 0.03, "daily", before=15 * DAY, after=14 * DAY)
    made = make_outbreak(setting, dice)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    scan_bounds(made.exposures)
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"exposures": made.exposures.height, "seconds": spent, "mebibytes": (peak - before) / 1024}


def _in_own_process(exposures: int) -> dict[str, float]:
    """Measure where no other scan has raised the peak of memory before."""
    command = [sys.executable, "-m", "benchmarks.scan", "--cost", str(exposures)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


if __name__ == "__main__":
    main()
