"""Tables -> the addresses that other teams' programs take: attackers, and victims where the circle may know them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from exposure.publish.sheet.pages import drained_victims
from exposure.publish.sheet.text import checksum
from exposure.tables import Audience


@dataclass(frozen=True, slots=True)
class Indicator:
    """One address (with its checksum). `sure` is false where the data alone, and no person, calls it an attacker."""

    address: str
    kind: Literal["attacker", "victim"]
    sure: bool
    text: str
    chains: tuple[int, ...] = ()
    first: datetime | None = None
    last: datetime | None = None


def attackers(tables: Mapping[str, pl.DataFrame]) -> list[Indicator]:
    """Give the attacker's addresses, one each, with all their roles and chains."""
    merged = (
        tables["attackers"]
        .group_by("address")
        .agg(
            pl.col("role").unique().sort(),
            pl.col("chain_id").drop_nulls().unique().sort(),
            pl.col("confirmed").any(),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
        )
        .sort("address")
    )
    found = []
    for address, roles, chains, sure, first, last in merged.iter_rows():
        how = "confirmed" if sure else "suspected from the data alone: nobody has confirmed it"
        text = f"attacker, {' and '.join(roles)}; {how}"
        found.append(Indicator(checksum(address), "attacker", bool(sure), text, tuple(chains), first, last))
    return found


def victims(tables: Mapping[str, pl.DataFrame], share: Audience) -> list[Indicator]:
    """Give who lost something to the attacker, by address; to the public only who has nothing left to steal."""
    wallets = tables["wallets"].filter(pl.col("verdict").is_in(["compromised", "probable"])).sort("address")
    if share == "public":
        wallets = drained_victims(tables)[0]
    times = tables["losses"].group_by("address").agg(first=pl.col("time").min(), last=pl.col("time").max())
    chains = tables["losses"].group_by("address").agg(chains=pl.col("chain_id").unique().sort())
    rows = wallets.join(times, on="address", how="left").join(chains, on="address", how="left").sort("address")
    shown = ["address", "verdict", "harm", "link_to_incident", "first", "last", "chains"]
    found = []
    for address, verdict, harm, link, first, last, on in rows.select(shown).iter_rows():
        tie = "; nothing but the attacker ties it to this incident" if link == "chain_only" else ""
        text = f"victim, {verdict}, {harm}{tie}"
        sure = verdict == "compromised"
        found.append(Indicator(checksum(address), "victim", sure, text, tuple(on or ()), first, last))
    return found
