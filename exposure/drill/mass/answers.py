"""What is true of a mass drill (truth.parquet, truth.toml), and what its team knows in the first hour (incident.toml). Pure."""

import json
from collections.abc import Iterator

import numpy as np
import polars as pl

from exposure.amounts import NATIVE
from exposure.drill.casefile import action_tables, advice_table, fact_tables
from exposure.drill.mass.lines import ASSET, HOST
from exposure.drill.mass.thefts import Gang
from exposure.drill.mass.town import ETH, HOUR, UNIT, Town
from exposure.drill.mass.visits import ERRAND, LOOK, WAYS, X_OF, Windows
from exposure.drill.truth import SCHEMA, stamp
from exposure.tables import TIME


def truth(town: Town, exposed: pl.DataFrame, moves: pl.DataFrame, logged: set[str]) -> pl.DataFrame:
    """Say what is true of every wallet of the town and of those robbed elsewhere, in the columns of every drill's truth."""
    names = town.book.hex()
    stolen = moves.filter(pl.col("why").is_in(["theft", "elsewhere"]))
    others = stolen.filter(pl.col("frm") >= town.wallets).get_column("frm").unique()
    everybody = pl.concat([pl.Series(np.arange(town.wallets)), others]).unique().sort()
    lost = _lost(town, stolen, names)
    harmed = stolen.group_by(wallet="frm").agg(harmed_at=pl.col("time").min())
    safe = moves.filter(pl.col("why") == "rescue").group_by(wallet="frm").agg(moved=pl.col("time").min())
    rows = pl.DataFrame({"wallet": everybody}).join(exposed, on="wallet", how="left")
    rows = (
        rows.join(harmed, on="wallet", how="left")
        .join(safe, on="wallet", how="left")
        .join(lost, on="wallet", how="left")
    )
    name = names.gather(rows.get_column("wallet"))
    did = pl.col("way").replace_strict(range(len(WAYS)), [way.name for way in WAYS], return_dtype=pl.String)
    is_exposed, is_harmed = pl.col("time").is_not_null(), pl.col("harmed_at").is_not_null()
    return (
        rows.select(
            address=name,
            exposed=is_exposed,
            action=did,
            exposed_at=pl.from_epoch(pl.col("time").cast(pl.Int64), time_unit="s").cast(TIME),
            harmed=is_harmed,
            harmed_at=pl.from_epoch(pl.col("harmed_at").cast(pl.Int64), time_unit="s").cast(TIME),
            lost=pl.col("lost").fill_null("{}"),
            safe=~is_exposed & ~is_harmed,
            rescued=is_exposed & pl.col("moved").is_not_null() & ~is_harmed,
            in_logs=pl.Series([one in logged for one in name]),
        )
        .select(pl.col(column).cast(dtype) for column, dtype in SCHEMA.items())
        .sort("address")
    )


def _lost(town: Town, stolen: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Give what each wallet lost, as JSON: token -> base units."""
    token = {ETH: NATIVE} | {asset: names[number] for asset, number in town.parties.tokens.items()}
    sums = stolen.group_by("frm", "asset").agg(pl.col("amount").sum()).sort("frm", "asset")
    by_wallet: dict[int, dict[str, str]] = {}
    for wallet, asset, amount in sums.iter_rows():
        by_wallet.setdefault(wallet, {})[token[asset]] = str(amount * UNIT[asset])
    texts = [json.dumps(dict(sorted(parts.items()))) for parts in by_wallet.values()]
    return pl.DataFrame({"wallet": list(by_wallet), "lost": texts}, schema={"wallet": pl.Int64, "lost": pl.String})


def answer(town: Town, served: Windows, gang: Gang) -> str:
    """Write truth.toml: kind, T1, T2, X (none in a quiet drill) and the attacker's addresses by role."""
    knobs = town.knobs
    lines = [f'kind = "{knobs.kind}"', 'preset = "mass"', f"seed = {knobs.seed}"]
    if knobs.attack:
        x = [WAYS[number].name for number in X_OF[knobs.kind]]
        lines += [
            f"X = {json.dumps(x if len(x) > 1 else x[0])}",
            f"T1 = {stamp(served.t1)}",
            f"T2 = {stamp(served.t2)}",
        ]
        if len(served.spans) > 1:
            lines.append(
                "windows = [" + ", ".join(f"[{stamp(start)}, {stamp(end)}]" for start, end in served.spans) + "]"
            )
        lines.append(
            f"cache_seconds = {int(knobs.cache * HOUR)}  # so long after T2 a browser may still have run the file"
        )
    lines += ["", "[attackers]"]
    for role, addresses in sorted(attackers(town, gang).items()) if knobs.attack else ():
        lines.append(f"{role} = {json.dumps(addresses)}")
    return "\n".join(lines) + "\n"


def attackers(town: Town, gang: Gang) -> dict[str, list[str]]:
    """Give the attacker's addresses by role."""
    names, kind = town.book.hex(), town.knobs.kind
    roles = gang.roles(town.knobs.split, key=kind in ("key", "both"), approval=kind in ("approval", "both"))
    return {role: [names[number] for number in numbers] for role, numbers in roles.items()}


def incident(town: Town, served: Windows, gang: Gang) -> str:
    """Write incident.toml."""
    parts = (
        _head(town),
        _facts(town, served),
        _sources(town),
        action_tables((*WAYS, ERRAND, LOOK)),
        _attackers(town, gang),
        _rest(),
    )
    return "\n".join(line for part in parts for line in part)


def _head(town: Town) -> Iterator[str]:
    knobs = town.knobs
    vector = "dns" if knobs.hijack else "script" if knobs.attack else "unknown"
    yield f"# A drill: everybody in it is made up. Seed {knobs.seed}; the answers are in truth.toml and truth.parquet."
    yield "[incident]"
    yield f'name    = "mass-{knobs.seed}"'
    yield f'title   = "{"Malicious script" if knobs.attack else "Reports of lost funds"} on {HOST}"'
    yield f'site    = ["{HOST}"]'
    yield f'vector  = "{vector}"'
    yield f'status  = "{"contained" if knobs.attack else "ongoing"}"'
    yield f'control = "{"regained" if knobs.attack else "unsure"}"'
    yield ""


def _facts(town: Town, served: Windows) -> Iterator[str]:
    knobs = town.knobs
    times = {"detected": town.end - 6 * HOUR}
    if served.spans:
        times = {
            "last_known_good": served.t1 // HOUR * HOUR,
            "first_known_good": served.t2 + 9 * 60,
            "detected": max(served.t2 - 0.8 * HOUR, served.t1 + 20 * 60),
            "public_notice": served.t2 + knobs.notice * HOUR,
        }
        # People note whole minutes; seconds would give T1 and T2 away.
        times = {kind: -(-time // 60) * 60 for kind, time in times.items() if kind in knobs.facts}
    yield from fact_tables(times)
    yield "[window]"
    yield f'cache = "{round(knobs.cache * 60)}m"'
    yield ""


def _sources(town: Town) -> Iterator[str]:
    yield from ("[[logs]]", 'path = "logs/*.gz"', 'kind = "access"', "")
    if town.knobs.files:
        yield from ("[[asset]]", f'path = "{ASSET}"', "")


def named(town: Town, gang: Gang) -> list[str]:
    """Give the attackers that the team knows."""
    names = town.book.hex()
    return [names[number] for number, _ in _known(town, gang)]


def _known(town: Town, gang: Gang) -> list[tuple[int, str]]:
    knobs = town.knobs
    known: list[tuple[int, str]] = []
    if knobs.attack and not knobs.one_time:
        spender = (gang.drainer if knobs.split else gang.spender, "spender")
        sinks = [(int(number), "sink") for number in gang.sinks]
        known = {"key": sinks, "approval": [spender, *sinks], "both": [sinks[0], spender, *sinks[1:]]}[knobs.kind]
    return known[: knobs.known]


def _attackers(town: Town, gang: Gang) -> Iterator[str]:
    names = town.book.hex()
    for number, role in _known(town, gang):
        yield from ("[[attacker]]", f'address = "{names[number]}"', f'role    = "{role}"', "")


def _rest() -> Iterator[str]:
    yield from ("[[chain]]", 'name = "ethereum"', "id   = 1", 'data = "chain-export"', "")
    yield from advice_table()
