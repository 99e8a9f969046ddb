"""The attackers by origin: named in incident.toml, named by a person, discovered. Pure."""

import polars as pl

from exposure.assess.intake import plain
from exposure.incident import Incident
from exposure.tables import TABLES

# Who takes or is given power over assets. A funder sends gas; what is sent to it proves nothing, it may be an exchange.
TAKERS = ("sink", "spender", "delegate")


def configured_attackers(incident: Incident) -> pl.DataFrame:
    """Give table `attackers` as incident.toml has it: confirmed, on any chain."""
    return TABLES["attackers"].frame(
        [
            {
                "address": attacker.address,
                "role": attacker.role,
                "origin": "config",
                "confirmed": True,
                "exclusive": attacker.exclusive,
            }
            for attacker in incident.attackers
        ]
    )


def known_attackers(incident: Incident, earlier: pl.DataFrame) -> pl.DataFrame:
    """Give the attackers that people named: those of incident.toml, and rows of origin `person` in an earlier table.

    What was discovered earlier is not taken over: it is found again from the data, or it was wrong.
    """
    configured = configured_attackers(incident)
    persons = earlier.filter(pl.col("origin") == "person").join(configured, on=["address", "role"], how="anti")
    return TABLES["attackers"].check(pl.concat([configured, persons.select(configured.columns)]))


def with_discovered(known: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Add discovered attackers: `found` has the columns address and role. They are not confirmed; a person does that.

    Sorted, so that equal ones are equal frames.
    """
    new = found.select("address", "role").unique().join(known, on=["address", "role"], how="anti")
    rows = new.with_columns(
        chain_id=pl.lit(None, pl.UInt64),
        origin=pl.lit("discovered"),
        # An address that a person named in another role is confirmed whatever it does.
        confirmed=pl.col("address").is_in(known.filter("confirmed").get_column("address").implode()),
        exclusive=pl.col("address").is_in(known.filter("exclusive").get_column("address").implode()),
        first_seen=pl.lit(None, known.schema["first_seen"]),
        last_seen=pl.lit(None, known.schema["last_seen"]),
    )
    return pl.concat([known, rows.select(known.columns)]).sort(known.columns, nulls_last=True)


def takers(attackers: pl.DataFrame) -> pl.DataFrame:
    """Give one row a taking address: address, confirmed, exclusive (true where any of its roles is)."""
    mine = attackers.filter(pl.col("role").is_in(TAKERS))
    return mine.group_by("address").agg(pl.col("confirmed").any(), pl.col("exclusive").any())


def when_seen(attackers: pl.DataFrame, losses: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Fill first_seen and last_seen from takings and approvals; both stay null where there are none."""
    times = pl.concat(
        [
            losses.select(address="attacker", time="time"),
            approvals.filter(pl.col("value") != "0").select(address="to_address", time="timestamp"),
        ]
    ).drop_nulls()
    seen = times.group_by("address").agg(first_seen=pl.col("time").min(), last_seen=pl.col("time").max())
    rows = plain(attackers).drop("first_seen", "last_seen").join(seen, on="address", how="left")
    return TABLES["attackers"].check(rows)
