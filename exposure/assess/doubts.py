"""Attackers whom people named and who look like customers: they did on the site what exposed people, and took nothing. Pure.

A victim's address and the thief's are easily mixed up (from and to of a transfer). Such an address is judged as a wallet and
stays in table `attackers`: to stand in both is what says that it is in doubt.
"""

from dataclasses import dataclass

import polars as pl

from exposure.assess.actions import action_frame
from exposure.assess.deeds import STRONG
from exposure.assess.intake import Given, plain
from exposure.assess.outbreak import Outbreak
from exposure.incident import Incident

DOUBT = (
    "signed in on your site and took nothing from anyone that we see: is it a victim? It is judged as a wallet, and is neither "
    "in the blocklist nor in the texts. To go on: correct [[attacker]] in incident.toml (were from and to mixed up?)"
)


def doubted_attackers(found: Outbreak) -> pl.DataFrame:
    """Give rows of `attackers`: people named them, they did what exposes, and nothing went or was allowed to them."""
    known = plain(found.scene.known)
    others = ~pl.col("from_address").is_in(found.scene.known.get_column("address").implode())
    approved = found.scene.approvals.filter(others & (pl.col("value") != "0"))
    took = pl.concat(
        [
            plain(found.taken.select(address="attacker")),
            plain(found.permissions.select(address="spender")),
            plain(found.delegated.select(address="delegate")),
            plain(approved.select(address="to_address")),
        ]
    )
    idle = known.join(took, on="address", how="anti")
    if idle.is_empty():
        return idle
    exposing = action_frame(found.scene.incident).filter("exposing").get_column("action")
    did = pl.col("action").is_in(exposing.implode())
    if found.scene.incident.logs and found.scene.intake.matched().isdisjoint(exposing):
        did = pl.lit(value=True)  # what exposes is mistyped, too: then whoever was there may have done it
    sightings = found.scene.intake.stored["sightings"].filter(
        pl.col("address").is_in(idle.get_column("address").unique().implode()) & did & (pl.col("strength") >= STRONG)
    )
    return idle.join(sightings.select("address").unique().collect(engine="streaming"), on="address", how="semi")


@dataclass(frozen=True, slots=True)
class Told:
    """What an assessment is given."""

    tables: Given
    incident: Incident


def without_attackers(rows: pl.DataFrame, tables: Given, incident: Incident) -> Told:
    """Give tables and incident as if these attackers had not been named."""
    addresses = rows.get_column("address").unique()
    named = tuple(attacker for attacker in incident.attackers if attacker.address not in addresses)
    told = dict(tables)
    if "attackers" in told:
        told["attackers"] = told["attackers"].filter(~pl.col("address").is_in(addresses.implode()))
    return Told(told, incident.model_copy(update={"attackers": named}))


def with_known(attackers: pl.DataFrame, doubted: pl.DataFrame) -> pl.DataFrame:
    """Put doubted rows back into table `attackers`: people named them, and their word is kept."""
    more = doubted.join(attackers, on=["address", "role"], how="anti")
    return pl.concat([attackers, more.select(attackers.columns)]) if not more.is_empty() else attackers


def doubted(attackers: pl.DataFrame, wallets: pl.DataFrame) -> pl.Series:
    """Give the addresses, sorted, that stand in both tables."""
    return attackers.select("address").unique().join(wallets, on="address", how="semi").get_column("address").sort()
