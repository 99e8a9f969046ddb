"""How right the assessment is: many drills over all knobs, each investigated from its logs and chain, held against their truth.

python -m benchmarks.calibration [--quick] [--json] [--drills N] [--quiet-drills N] [--seed N] [--workers N]
                                 [--save FILE] [--rows FILE] [--write FILE]

Every figure stands with its Wilson interval and its target. Drills are not the field: they say how the program fares where the
world is as drawn, and what it was drawn from is in exposure/drill/mass/knobs.py.
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from exposure.assess.intervals import wilson
from exposure.drill.mass.knobs import drawn

Row = dict[str, Any]


MARKS = "<!-- measured: begin -->", "<!-- measured: end -->"
RIVALS = {"ours": "by us", "thresholds": "by thresholds on approvers", "backwards": "backwards from a known sink"}


def main() -> None:
    """Run the drills and print the table."""
    arguments = _arguments()
    drills, quiet = (14, 6) if arguments.quick else (arguments.drills, arguments.quiet_drills)
    jobs: list[tuple[int, str | None]] = [(arguments.seed + number, None) for number in range(drills)]
    jobs += [(arguments.seed + number, "quiet") for number in range(quiet)]
    # In a mixed order, so that a run that was cut short is a smaller one of the same kind.
    random.Random(arguments.seed).shuffle(jobs)
    began = time.time()
    if arguments.rows:
        rows = [json.loads(line) for line in Path(arguments.rows).read_text(encoding="utf-8").splitlines()]
    else:
        rows = list(_all(jobs, arguments.workers, arguments.save))
    figures = measure(rows)
    shown = table(figures)
    print("\n".join(shown))
    took = f"{arguments.workers} workers, {time.time() - began:.0f} s, {os.cpu_count()} cores"
    calm = sum(row["kind"] == "quiet" for row in rows)
    summary = f"{len(rows) - calm:,} drills with an attack, {calm:,} without, first seed {arguments.seed}"
    summary += "" if arguments.rows else f", {took}"
    print(f"\n{summary}")
    if arguments.write:
        put_into(Path(arguments.write), [*shown, "", summary])
    for row in rows:
        if row["broken"]:
            print(f"drill {row['seed']} ({row['kind']}) broke the program:\n{row['broken']}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(figures["json"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="twenty drills: under a minute")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--drills", type=int, default=1000)
    parser.add_argument("--quiet-drills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", help="put the table into this document, between its two marks")
    parser.add_argument("--save", help="write one JSON row a drill as it is done")
    parser.add_argument("--rows", help="make the table of rows that were saved, and run nothing")
    return parser.parse_args()


def _all(jobs: list[tuple[int, str | None]], workers: int, save: str | None) -> Iterable[Row]:
    # One thread a worker: polars would otherwise fight itself for the cores.
    os.environ["POLARS_MAX_THREADS"] = "1"
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for number, row in enumerate(pool.imap_unordered(_score, jobs), 1):
            if sys.stderr.isatty() and number % 10 == 0:
                print(f"{number} of {len(jobs)} drills", file=sys.stderr)
            if save:
                with Path(save).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            yield row


def _score(job: tuple[int, str | None]) -> Row:
    from benchmarks.scoring import score

    return score(*job)


def put_into(document: Path, lines: list[str]) -> None:
    """Replace what stands between the two marks of a document."""
    before, rest = document.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    text = "\n".join([before + MARKS[0], "", *lines, "", MARKS[1] + after])
    document.write_text(text, encoding="utf-8", newline="\n")


def measure(rows: list[Row]) -> dict[str, Any]:
    """Add up the drills: lines (name, hits, of, target) and the figures for machines."""
    whole = [row for row in rows if not row["broken"]]
    attack, quiet = [row for row in whole if row["kind"] != "quiet"], [row for row in whole if row["kind"] == "quiet"]
    whole_logs = [row for row in attack if _one_window_logged(row)]
    to_the_end = [row for row in whole_logs if not row["stopped_early"]]
    lines = [
        ("true T1 inside, by the scan alone", *_share(whole_logs, "t1_inside"), "94-98 %"),
        ("true T2 inside, by the scan alone", *_share(to_the_end, "t2_inside"), "94-98 %"),
        ("  T1, all drills: logs with holes, hijacked visits, two windows", *_share(attack, "t1_inside"), ""),
        ("  T2, all drills, also where the attacker spared who came late", *_share(attack, "t2_inside"), ""),
        ("with asset evidence: T1 within 60 s", *_share(attack, "t1_asset"), "99 %"),
        ("with asset evidence: T2 within 60 s", *_share(attack, "t2_asset"), "99 %"),
        ("X named, where it can be told", *_share(attack, "x_first"), "99 %"),
        ("nothing wrong named, where X cannot be told", *_share(attack, "x_kept_quiet"), "95 %"),
        ("true victims called compromised or probable", *_sum(attack, "victims_found", "victims"), ">= 99 %"),
        ("  of those whose thief can be known", *_sum(attack, "findable_found", "findable"), ">= 99 %"),
        ("called among the truly safe", *_sum(attack, "false_called", "safe"), "<= 0.5 %"),
        ("exposed wallets called no_sign", *_sum(attack, "exposed_no_sign", "exposed"), "0"),
        ("safe, well-covered wallets called no_sign", *_sum(attack, "safe_no_sign", "quiet_safe"), ">= 95 %"),
        ("drained called moved by owner", *_sum(attack, "called_moved", "victims"), "0"),
        ("self-rescues called drained", *_sum(attack, "rescued_drained", "rescued"), "<= 2 %"),
        (
            "drills whose published window leaves out a victim",
            sum(row["left_out"] > 0 for row in attack),
            len(attack),
            "0",
        ),
        (
            "sinks found, that robbed five owners whose exposure is logged",
            *_sum(attack, "sinks_found", "sinks"),
            ">= 99 %",
        ),
        ("drills with a false sink", sum(row["false_sinks"] > 0 for row in whole), len(whole), "<= 1 %"),
        ("victims whose losses are not exact", *_sum(attack, "lost_wrong", "victims"), "0"),
        ("quiet drills with any alarm", *_share(quiet, "quiet_alarm"), "<= 1 %"),
    ]
    for name, words in RIVALS.items():
        lines.append((f"spenders found {words}", *_sum(attack, f"{name}_spenders", "spenders"), ""))
        lines.append(
            (f"drills with a false attacker {words}", sum(row[f"{name}_false"] for row in whole), len(whole), "")
        )
    chances = {name: _calibration(attack, f"p_{name}", f"was_{name}") for name in ("exposed", "harmed")}
    widths = {bound: _median(attack, f"{bound}_width") for bound in ("t1", "t2")}
    share = {name: hits / of if of else None for name, hits, of, _ in lines}
    names = {
        "t1_inside": "true T1 inside, by the scan alone",
        "t2_inside": "true T2 inside, by the scan alone",
        "x_first": "X named, where it can be told",
        "victims_found": "true victims called compromised or probable",
        "false_called": "called among the truly safe",
        "exposed_no_sign": "exposed wallets called no_sign",
        "safe_no_sign": "safe, well-covered wallets called no_sign",
        "sink_recall": "sinks found, that robbed five owners whose exposure is logged",
        "quiet_alarms": "quiet drills with any alarm",
    }
    figures = {key: share[name] for key, name in names.items()}
    figures |= {
        "drills": len(whole),
        "broken": len(rows) - len(whole),
        "t1_width_minutes": widths["t1"],
        "false_sinks": sum(row["false_sinks"] > 0 for row in whole) / len(whole) if whole else None,
        "calibration_error": max(one["error"] for one in chances.values()),
    }
    return {"lines": lines, "chances": chances, "widths": widths, "json": figures}


def _one_window_logged(row: Row) -> bool:
    """Tell whether there was one window and every visit stands in the logs: else exposures are missing that the scan needs."""
    knobs = drawn(row["seed"])
    return not (knobs.second or knobs.gap or knobs.late or knobs.hijack)


def _share(rows: list[Row], name: str) -> tuple[int, int]:
    told = [row[name] for row in rows if row.get(name) is not None]
    return sum(told), len(told)


def _sum(rows: list[Row], hits: str, of: str) -> tuple[int, int]:
    return sum(row[hits] for row in rows), sum(row[of] for row in rows)


def _median(rows: list[Row], name: str) -> float | None:
    told = [row[name] for row in rows if row.get(name) is not None]
    return float(np.median(told)) if told else None


def _calibration(rows: list[Row], chance: str, outcome: str) -> dict[str, float]:
    """Give the expected calibration error over ten equal-count bins, the Brier score, and that of the plain rate."""
    p = np.array([value for row in rows for value in row[chance]])
    y = np.array([value for row in rows for value in row[outcome]], dtype=float)
    if not len(p):
        return {"error": float("nan"), "brier": float("nan"), "plain": float("nan")}
    bins = np.array_split(np.argsort(p, kind="stable"), 10)
    error = sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in bins if len(part)) / len(p)
    bias = [(float(p[part].mean()), float(y[part].mean())) for part in bins if len(part)]
    return {
        "error": float(error),
        "brier": float(np.mean((p - y) ** 2)),
        "plain": float(np.mean((y.mean() - y) ** 2)),
        "bins": bias,  # type: ignore[dict-item]
    }


def table(figures: dict[str, Any]) -> list[str]:
    """Write the figures as a table in Markdown."""
    rows = ["| figure | measured | 95 % interval | of | target |", "| --- | --- | --- | --- | --- |"]
    for name, hits, of, target in figures["lines"]:
        low, high = wilson(hits, of)
        measured = f"{hits / of:.2%}" if of else "-"
        rows.append(f"| {name} | {measured} | {low:.2%} to {high:.2%} | {hits:,} of {of:,} | {target} |")
    for name, one in figures["chances"].items():
        rows.append(f"| p_{name}: calibration error over ten bins | {one['error']:.3f} | | | <= 0.05 |")
        rows.append(f"| p_{name}: Brier score | {one['brier']:.4f} | | plain rate {one['plain']:.4f} | better |")
    for bound, width in figures["widths"].items():
        rows.append(
            f"| median width of the scan's {bound.upper()} | {'-' if width is None else f'{width:.0f} min'} | | | |"
        )
    return rows


if __name__ == "__main__":
    main()
