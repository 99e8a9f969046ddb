"""Make a mass drill: a folder with an incident as a team would meet it, and beside it what is true of it."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from exposure.case import write_parquet
from exposure.console import Teller
from exposure.drill.mass import answers, lines
from exposure.drill.mass.cryo import chain_frames
from exposure.drill.mass.knobs import Knobs
from exposure.drill.mass.ledger import Plan
from exposure.drill.mass.life import live
from exposure.drill.mass.thefts import Gang, rob, split_loot
from exposure.drill.mass.town import DAY, HOUR, Town, found
from exposure.drill.mass.visits import Windows, exposures, visits, windows

EXPORT = "chain-export"


@dataclass(frozen=True, slots=True)
class Made:
    """What a drill was made of: more than its truth files tell, for those who measure the program by it."""

    town: Town
    served: Windows
    visits: pl.DataFrame
    truth: pl.DataFrame
    moves: pl.DataFrame
    attackers: dict[str, list[str]]
    named: list[str]


def make_mass_drill(folder: Path, knobs: Knobs, teller: Teller) -> Made:
    """Write incident.toml, logs/, chain-export/, truth.parquet and truth.toml into `folder`, which is there and empty.

    The same knobs give the same content. No EVM takes part: the chain is made in cryo's layout, without fees.
    """
    with teller.task("making up the incident", "wallets") as tick:
        town = found(knobs)
        served = windows(town)
        frame = visits(town, served)
        exposed = exposures(town, frame)
        plan, gang = Plan(town), Gang.of(town)
        end = _story_end(town, served.t2 if served.spans else town.end)
        live(plan, frame, end)
        if knobs.attack:
            rob(plan, gang, exposed, served, end)
        moves, approvals, held = plan.settle()
        moves = split_loot(moves, gang, knobs.split).filter(pl.col("time") < end)
        tick(town.wallets, town.wallets)
    with teller.task("writing logs", "lines") as tick:
        logged = _write_logs(folder, town, frame, moves, served)
        tick(logged.height, logged.height)
    with teller.task("writing the chain", "moves") as tick:
        delegated = {int(wallet): gang.delegate for wallet in gang.delegated}
        (folder / EXPORT).mkdir()
        frames = chain_frames(town, moves, approvals, held, delegated, end)
        last = int(frames["balances"].item(0, "block_number"))
        for dataset, part in frames.items():
            write_parquet(folder / EXPORT / f"ethereum__{dataset}__{0:08}_to_{last:08}.parquet", part)
        tick(moves.height, moves.height)
    known = answers.truth(town, exposed, moves, _addresses_in(logged))
    write_parquet(folder / "truth.parquet", known)
    _write(folder / "truth.toml", answers.answer(town, served, gang))
    _write(folder / "incident.toml", answers.incident(town, served, gang))
    return Made(
        town,
        served,
        frame,
        known,
        moves,
        answers.attackers(town, gang) if knobs.attack else {},
        answers.named(town, gang),
    )


def _story_end(town: Town, t2: float) -> float:
    """Give the time at which the chain's story ends: late enough for what the attacker waits for."""
    knobs = town.knobs
    wait = max(knobs.delay * 6, knobs.batch + 6, 30)
    return float(max(town.end, t2 + min(wait, 240) * HOUR) + DAY // 2)


def _write_logs(folder: Path, town: Town, frame: pl.DataFrame, moves: pl.DataFrame, served: Windows) -> pl.DataFrame:
    """Write the log gzipped, without a time in its header; gives the requests that it holds."""
    checked = moves.filter((pl.col("why") == "life") & (pl.col("frm") < town.wallets))
    chosen = town.knobs.dice("checks").random(checked.height) < town.knobs.checks
    paid = checked.filter(pl.Series(chosen)).select("time", "to", wallet="frm")
    logged = lines.kept(lines.requests(town, frame, served, paid), town, served)
    (folder / "logs").mkdir()
    # No name and no time in its header, so that the same drill has the same bytes.
    path = folder / "logs" / "access.log.gz"
    with path.open("wb") as file, gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
        for part in lines.write(logged, town):
            packed.write(part)
    return logged


def _addresses_in(requests: pl.DataFrame) -> set[str]:
    return set(requests.select(pl.col("target").str.extract(r"(0x[0-9a-f]{40})")).to_series().drop_nulls().unique())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
