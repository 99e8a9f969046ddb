"""The steps of `benchmarks.assess`, each run in a process of its own: make a case, assess it, ask DuckDB the same.

    python -m benchmarks.assess_steps make|asked|ours|duckdb FOLDER [WALLETS [dear|real]]

Each prints one JSON object as its last line.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.fresh import measure
from benchmarks.large_case import ACTIONS, DEAR, NOW, REAL, incident, make_case

if TYPE_CHECKING:
    from exposure.pipeline import Pipeline

SEED = 1


def make(folder: Path, wallets: int, shape: str = "dear") -> dict[str, Any]:
    """Make a case folder; what it holds is also written into it, for the other steps."""
    facts = make_case(folder, wallets, SEED, {"dear": DEAR, "real": REAL}[shape])
    (folder / "made.json").write_text(json.dumps(facts))
    return facts


def ours(folder: Path) -> dict[str, Any]:
    """Assess as the pipeline does: tables read from Parquet, results written to it."""
    made = json.loads((folder / "made.json").read_text())
    pipeline = _pipeline(folder, made)

    def step() -> dict[str, Any]:
        pipeline.assess()
        return {}

    return measure(step) | {"found": _found(folder, made["hidden"])}


def asked(folder: Path) -> dict[str, Any]:
    """Settle whom the chain is asked about, as the pipeline does before it pulls: table candidates, and the time to look at."""
    made = json.loads((folder / "made.json").read_text())
    pipeline = _pipeline(folder, made)
    # The step is the pipeline's own: `pull` would go on to ask a chain.
    return measure(lambda: {"candidates": pipeline._wanted().candidates.height})  # noqa: SLF001


def _pipeline(folder: Path, made: dict[str, Any]) -> "Pipeline":
    """Give the pipeline of a case that was made."""
    from exposure.case import Case
    from exposure.console import Silent
    from exposure.pipeline import Pipeline

    return Pipeline(incident(folder, made["known"]), Case(folder), Silent(), NOW)


def _found(folder: Path, hidden: str) -> dict[str, Any]:
    """Give the counts that both sides make."""
    tables = {
        name: pl.read_parquet(folder / "data" / f"{name}.parquet")
        for name in ("wallets", "losses", "attack_rates", "sinks", "holdings", "windows")
    }
    published = tables["windows"].filter(pl.col("method") == "published").sort("bound")
    rates = tables["attack_rates"].filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
    sinks = tables["sinks"].filter((pl.col("verdict") == "attacker") & (pl.col("role") == "sink"))
    exposed = tables["wallets"].filter(pl.col("verdict").is_in(["compromised", "probable", "exposed"]))
    risk = tables["holdings"].filter("at_risk").join(exposed.select("address"), on="address", how="semi")
    return {
        "told": {
            "window": [published["earliest"][0].isoformat(), published["latest"][1].isoformat()],
            "attackers": sorted(sinks["address"].unique()),
        },
        "discovered": hidden in sinks["address"],
        "wallets": tables["wallets"].height,
        "exposed": exposed.height,
        "losses": tables["losses"].height,
        "robbed": tables["losses"]["address"].n_unique(),
        "rates": {
            action: [exposed_, harmed]
            for action, exposed_, harmed in rates.sort("action").select("action", "exposed", "harmed").iter_rows()
        },
        "at_risk": risk.height,
    }


def duckdb(folder: Path) -> dict[str, Any]:
    """Ask DuckDB, with the window and the attackers that our side found out given to it."""
    from benchmarks.assess_duckdb import ask

    made = json.loads((folder / "made.json").read_text())
    told = json.loads((folder / "told.json").read_text())
    return measure(lambda: {"found": ask(folder, made["hidden"], told["attackers"], told["window"], ACTIONS[:2])})


def main() -> None:
    """Do one step."""
    step, folder = sys.argv[1], Path(sys.argv[2])
    steps = {
        "make": lambda: make(folder, int(sys.argv[3]), *sys.argv[4:]),
        "asked": lambda: asked(folder),
        "ours": lambda: ours(folder),
        "duckdb": lambda: duckdb(folder),
    }
    print(json.dumps(steps[step]()))


if __name__ == "__main__":
    main()
