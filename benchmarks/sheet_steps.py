"""The steps of `benchmarks.sheet`, each run in a process of its own: make a case, write its sheet, merge, plain polars.

    python -m benchmarks.sheet_steps make|ours|merge|plain FOLDER [WALLETS]

Each prints one JSON object as its last line.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.fresh import measure
from exposure.case import Case
from exposure.incident import Action, Chain, Incident
from exposure.tables import TABLES

START = datetime(2026, 3, 4, 9, 12, 31, tzinfo=UTC)
SEED, EDITS = 1, 1_000
SHARES = {"compromised": 0.06, "probable": 0.04, "exposed": 0.3, "possible": 0.2, "no_sign": 0.4}
HARMS = {
    "compromised": "drained",
    "probable": "partly_drained",
    "exposed": "at_risk",
    "possible": "not_known",
    "no_sign": "none",
}
REMEDY = "Make a wallet with a new recovery phrase, in software that is not affected, and move everything there, on every chain"
SINK, NATIVE = "0x" + "51" * 20, "0x" + "e" * 40


def incident(folder: Path) -> Incident:
    """Give the incident of the case."""
    did = Action(
        name="entered_seed_phrase", words="entered your recovery phrase", exposure="key", match={"method": "POST"}
    )
    return Incident(
        folder=folder, name="large", title="A large incident", actions=(did,), chains=(Chain(name="ethereum", id=1),)
    )


def make(folder: Path, wallets: int) -> dict[str, Any]:
    """Make a case whose tables have the sizes of a real one: three reasons a wallet, a loss for each that was robbed."""
    dice = np.random.default_rng(SEED)
    addresses = [f"0x{dice.bytes(20).hex()}" for _ in range(wallets)]
    frame = pl.DataFrame({"address": addresses, "verdict": dice.choice(list(SHARES), wallets, p=list(SHARES.values()))})
    seconds = pl.Series(dice.integers(0, 6 * 3600, wallets))
    exposed = pl.col("verdict").is_in(["compromised", "probable", "exposed"])
    robbed = pl.col("verdict").is_in(["compromised", "probable"])
    when = pl.lit(START) + pl.duration(seconds=seconds)
    eth = pl.Series(
        [f"{number / 1e18:.18f} ETH; {number % 10**9 / 1e6} USDC" for number in dice.integers(1, 9 * 10**18, wallets)]
    )
    frame = frame.with_columns(
        kind=pl.lit("eoa"),
        p_exposed=pl.when(exposed).then(0.97).otherwise(0.02),
        p_harmed=pl.when(robbed).then(0.98).otherwise(0.01),
        harm=pl.col("verdict").replace_strict(HARMS),
        link_to_incident=pl.lit("logged"),
        actions=pl.when(exposed)
        .then(pl.lit("entered_seed_phrase, viewed_balance"))
        .otherwise(pl.lit("viewed_balance")),
        first_exposed=pl.when(exposed).then(when),
        last_exposed=pl.when(exposed).then(when + timedelta(minutes=3)),
        lost=pl.when(robbed).then(eth),
        at_risk=pl.when(pl.col("verdict") == "exposed").then(eth),
        live_approvals=pl.lit(0, pl.UInt32),
        unseen_signature=pl.lit(value=False),
        remedy=pl.when(exposed).then(pl.lit(REMEDY)),
        covered=pl.lit("logs from 2026-03-03 to 2026-03-05; ethereum: events, logs, native, state"),
        not_covered=pl.lit("ethereum: internal ETH: not visible without traces"),
        urgency=pl.when(exposed).then(pl.Series(dice.gamma(0.5, 10, wallets))).otherwise(0.0),
    )
    case = Case(folder)
    case.write("wallets", frame.select(TABLES["wallets"].schema.names()).cast(dict(TABLES["wallets"].schema)))
    lines = pl.int_range(pl.len())
    ref = pl.format("log:ab12cd34:{}", lines)
    reasons = [
        frame.select(
            "address",
            code=pl.lit(code),
            weight=pl.lit(weight),
            text=pl.lit(text),
            ref=pl.format("{}{}", ref, pl.lit(code)),
        )
        for code, weight, text in (
            ("X1", 4.6, 'did "entered your recovery phrase" at 2026-03-04 14:55:42 UTC, in the window'),
            ("A1", 7.0, "60.554 USDX went to 0x96b17fC7AA4F4C9f4b9DBf4e5a03bbd19f72Ad8C (known attacker)"),
            (
                "N2",
                -1.0,
                "it paid 0xde796F541d2EbF9d09f2F459FF030693892546d2, which wallets that were not exposed use too",
            ),
        )
    ]
    case.write("evidence", pl.concat(reasons).cast(dict(TABLES["evidence"].schema)))
    seen = frame.filter(exposed).select(
        "address",
        time="first_exposed",
        link=pl.lit("direct"),
        strength=pl.lit(0.98),
        client=pl.lit("c0ffee0123456789"),
        session=pl.lit("c0ffee0123456789-1"),
        action=pl.lit("entered_seed_phrase"),
        ref=ref,
    )
    case.write("sightings", seen.cast(dict(TABLES["sightings"].schema)))
    lost = frame.filter(robbed).select(
        "address",
        chain_id=pl.lit(1),
        token=pl.lit(NATIVE),
        token_id=pl.lit(None, pl.String),
        amount=pl.lit("1500000000000000000"),
        amount_f64=pl.lit(1.5),
        usd=pl.lit(None, pl.Float64),
        attacker=pl.lit(SINK),
        transaction_hash=pl.format("0x{}", lines.cast(pl.String).str.zfill(64)),
        log_index=pl.lit(None, pl.UInt32),
        time="first_exposed",
    )
    case.write(
        "losses",
        lost.with_columns(trace_address=pl.lit(None, pl.String))
        .select(TABLES["losses"].schema.names())
        .cast(dict(TABLES["losses"].schema)),
    )
    case.write(
        "attackers",
        TABLES["attackers"].frame(
            [{"address": SINK, "role": "sink", "origin": "config", "confirmed": True, "exclusive": True}]
        ),
    )
    return {"rows": {name: case.read(name).height for name in ("wallets", "evidence", "sightings", "losses")}}


def ours(folder: Path) -> dict[str, Any]:
    """Write the sheet for the first time: workbook, CSV and Parquet."""
    from exposure.publish.sheet.keep import write_sheet

    def step() -> dict[str, Any]:
        return {"rows": write_sheet(Case(folder), incident(folder))["rows"]}

    return measure(step) | {"bytes": (folder / "sheet" / "affected.xlsx").stat().st_size}


def merge(folder: Path) -> dict[str, Any]:
    """Write it again over a copy in which a person has typed a thousand notes: read, compare, merge, write."""
    from exposure.publish.sheet.keep import write_sheet

    path = folder / "sheet" / "affected.csv"
    rows = pl.read_csv(path, infer_schema=False)
    typed = pl.when(pl.int_range(pl.len()) < EDITS).then(pl.lit("called")).otherwise("note")
    path.write_text(rows.with_columns(typed.alias("note")).write_csv())

    def step() -> dict[str, Any]:
        return {"people": write_sheet(Case(folder), incident(folder))["people"]}

    return measure(step)


def plain(folder: Path) -> dict[str, Any]:
    """Write the same pages with polars' write_excel, into one workbook, with nothing else."""
    import xlsxwriter

    from exposure.publish.sheet.files import SHEET_TABLES
    from exposure.publish.sheet.pages import attackers_page, evidence_page, wallets_page
    from exposure.publish.sheet.rows import build_rows
    from exposure.publish.sheet.timeline import timeline_page

    case, told = Case(folder), incident(folder)
    tables = {name: case.read(name) for name in SHEET_TABLES}
    rows = build_rows(tables["wallets"], TABLES["people"].empty(), [], None)
    pages = [
        wallets_page(rows, ""),
        evidence_page(tables, "team", "", {}),
        timeline_page(tables, told, "team", "", {}),
        attackers_page(tables, "", {}),
    ]
    frames = {}
    for page in pages:
        frame = page.frame.select(column.name for column in page.columns)
        frames[page.name] = frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))

    def step() -> dict[str, Any]:
        with xlsxwriter.Workbook(str(folder / "plain.xlsx")) as book:
            for name, frame in frames.items():
                frame.write_excel(book, name)
        return {"pages": len(frames)}

    return measure(step) | {"bytes": (folder / "plain.xlsx").stat().st_size}


if __name__ == "__main__":
    steps = {"ours": ours, "merge": merge, "plain": plain}
    where = Path(sys.argv[2])
    print(json.dumps(make(where, int(sys.argv[3])) if sys.argv[1] == "make" else steps[sys.argv[1]](where)))
