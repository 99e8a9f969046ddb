"""How long the report takes, how much memory, how large the page is, and how quickly it sorts in a browser.

    python -m benchmarks.report [--quick] [--json]

Cases of 10,000 and 100,000 wallets with three reasons each, as `benchmarks.sheet` makes them, and with what the pictures show:
300 sinks and 900 links on from them, a month of traffic, 3,000 static files. Each step runs in a fresh process on
two cores. The browser is the one of the tests (`make browser`); sorting is timed inside the page, to the rows being there.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.fresh import measure, run_fresh

SIZES, QUICK = (10_000, 100_000), (10_000,)
CORES = 2
SINKS, FILES = 300, 3_000
_SORT = """async () => {
  const took = [];
  for (const key of ['save', 'lost', 'address', 'when', 'verdict']) {
    const start = performance.now();
    document.querySelector(`[data-sort="${key}"]`).click();
    document.getElementById('rows').getBoundingClientRect();
    took.push(performance.now() - start);
  }
  return Math.max(...took);
}"""


def main() -> None:
    """Measure, print the table, and with --json one object as the last line; or do one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller data, under a minute on two cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {CORES} used\n")
    print(
        f"{'wallets':>9} {'seconds':>8} {'cpu':>7} {'GiB':>6} {'MB':>6} | {'shown':>7} {'opened ms':>9} {'sorted ms':>9}"
    )
    rows = []
    for wallets in QUICK if options.quick else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            run_fresh("benchmarks.sheet_steps", "make", folder, str(wallets), cores=os.cpu_count() or CORES)
            run_fresh("benchmarks.report", "dress", folder, cores=os.cpu_count() or CORES)
            found = run_fresh("benchmarks.report", "write", folder, cores=CORES)
            found |= run_fresh("benchmarks.report", "open", folder, cores=CORES)
        rows.append({"wallets": wallets, **found})
        print(f"{wallets:>9,} {found['seconds']:>8.1f} {found['cpu_seconds']:>7.1f} {found['peak_gib']:>6.2f}", end="")
        print(
            f" {found['bytes'] / 1e6:>6.2f} | {found['shown']:>7} {found['opened_ms']:>9.0f} {found['sorted_ms']:>9.0f}"
        )
    if options.json:
        print(json.dumps({"sizes": rows}))


def dress(folder: Path) -> dict[str, Any]:
    """Add what the pictures are drawn from: many sinks and where they sent it, traffic, and the files that were served."""
    import polars as pl

    from benchmarks.sheet_steps import NATIVE, START
    from exposure.case import Case
    from exposure.tables import TABLES

    case = Case(folder)
    losses = case.read("losses").with_row_index("n")
    sinks = pl.format("0x{}", (pl.col("n") % SINKS).cast(pl.String).str.zfill(40))
    case.write("losses", losses.with_columns(attacker=sinks).drop("n"))
    way = {
        "chain_id": 1,
        "token_address": NATIVE,
        "standard": "native",
        "transactions": 1,
        "first": START,
        "last": START,
    }
    way |= {"value": str(10**18), "value_f64": 1.0}
    names = [[f"0x{hop}{number:039d}" for number in range(SINKS)] for hop in range(4)]
    rows = [
        way | {"hop": hop, "from_address": names[hop - 1][n], "to_address": names[hop][n * 7 % SINKS]}
        for hop in (1, 2, 3)
        for n in range(SINKS)
    ]
    case.write("onward", TABLES["onward"].frame(rows))
    minutes = [START.replace(second=0) + timedelta(minutes=n - 25 * 1440) for n in range(30 * 1440)]
    visits = {"host": "www.example", "requests": 50, "clients": 9, "bytes": 1, "errors": 0}
    case.write("traffic", TABLES["traffic"].frame([visits | {"minute": minute} for minute in minutes]))
    file = {"host": "www.example", "encoding": "", "hits": 900}
    served = [
        file | {"path": f"/static/{n}.js", "size": 1000 + n, "start": minutes[0], "end": minutes[-1]}
        for n in range(FILES)
    ]
    served.append(file | {"path": "/static/0.js", "size": 999, "start": START, "end": START + timedelta(hours=6)})
    case.write("assets", TABLES["assets"].frame(served))
    return {"sinks": SINKS, "files": FILES}


def write(folder: Path) -> dict[str, Any]:
    """Write the report as the command does."""
    from benchmarks.sheet_steps import incident
    from exposure.case import Case
    from exposure.publish.report.write import write_report

    told = incident(folder)
    return measure(lambda: {"bytes": write_report(Case(folder), told).stat().st_size})


def open_page(folder: Path) -> dict[str, Any]:
    """Open it in a browser, and sort by every column."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
    from get_browser import find_browser

    program, extra = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"], env={**os.environ, **extra}
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((folder / "report" / "index.html").as_uri())
        page.locator("#explorer").wait_for()
        opened = page.evaluate("performance.now()")
        shown = page.locator("#found").inner_text().split(" of ")[1].split()[0]
        sorted_ms = page.evaluate(_SORT)
        browser.close()
    return {"opened_ms": opened, "sorted_ms": sorted_ms, "shown": shown}


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in ("dress", "write", "open"):
        print(json.dumps({"dress": dress, "write": write, "open": open_page}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main()
