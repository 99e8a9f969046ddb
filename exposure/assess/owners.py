"""Which wallets belong to one owner, as far as logs and chain show it. Pure.

People move several wallets to one new wallet. Counted as wallets that looks like a drainer's address; counted as owners it is
one person (design, section 7.1). Merging too much only costs power, so every sign counts.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# More addresses than this behind one client or session are an office, a bot or an explorer's reader, not one owner.
SHARED_MOST = 8
# An address that is seen beside more others than this is famous, or belongs to nobody here.
PARTNERS_MOST = 12
# An address that more wallets than this paid may be a thief's, who looked at it on the site: such payments tie nobody.
PAID_MOST = 2
# An address that paid the first gas of more wallets than this is a service: an exchange, a faucet.
FUNDED_MOST = 4
# Nobody is seen with more wallets than this tied by payments.
OWNED_MOST = 20


@dataclass(frozen=True, slots=True)
class Ties:
    """What ties wallets, whoever is exposed: pairs (one, other) by the logs, by payments (and payer, first time), who sent gas."""

    logs: pl.DataFrame
    payments: pl.DataFrame
    gas: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Shared:
    """What showed several addresses, and which: sessions, clients, secrets (address, group each)."""

    sessions: pl.DataFrame
    clients: pl.DataFrame
    secrets: pl.DataFrame


def shared_places(sightings: pl.LazyFrame, parts: int = 1) -> Shared:
    """Keep what can tie wallets: sessions and clients that showed several addresses, so many `parts` at a time, and secrets."""
    secrets = sightings.filter(pl.col("link") == "key").select("address", group=pl.concat_str(pl.lit("key:"), "ref"))
    return Shared(
        _shared(sightings, "session", parts),
        _shared(sightings, "client", parts),
        secrets.unique().collect(engine="streaming"),
    )


def _shared(sightings: pl.LazyFrame, name: str, parts: int) -> pl.DataFrame:
    """Give the groups by one name that hold several addresses: address, group."""
    address = pl.col("address").to_physical()
    rows = sightings.select("address", group=name).drop_nulls()
    found = []
    for part in range(parts):
        mine = rows.filter(pl.col("group").hash() % parts == part) if parts > 1 else rows
        groups = mine.group_by("group").agg(several=address.min() != address.max())
        shared = groups.filter("several").select("group").collect(engine="streaming").to_series()
        kept = mine.filter(pl.col("group").is_in(shared.implode())).unique()
        found.append(kept.collect(engine="streaming"))
    return pl.concat(found)


def find_ties(shared: Shared, transfers: pl.DataFrame, wallets: pl.Series) -> Ties:
    """Tie wallets of one session, of one client, of one secret, and wallets that paid each other.

    Famous addresses are looked at by strangers, and so is a thief's by those he robbed: an address with many partners, or that
    several wallets paid, ties nobody.
    """
    known = wallets.unique().implode()
    paid = _payments(transfers, known)
    gathering = paid.filter(pl.len().over("other") > PAID_MOST).get_column("other").unique()
    mine = pl.col("address").is_in(known) & ~pl.col("address").is_in(gathering.implode())
    groups = [_small(places.filter(mine), SHARED_MOST) for places in (shared.sessions, shared.clients)]
    # One secret opens any number of addresses.
    secret = shared.secrets.filter(mine)
    pairs = _quiet(pl.concat([_pairs(group) for group in groups]).unique())
    gas = transfers.filter(
        (pl.col("standard") == "native") & pl.col("to_address").is_in(known) & ~pl.col("from_address").is_in(known)
    ).select("timestamp", address="to_address", group="from_address")
    paid = paid.with_columns(payer="one")
    both = pl.concat([paid, paid.select("payer", "time", one="other", other="one")], how="diagonal")
    aside = gathering.implode()
    payments = _quiet(both.filter(~pl.col("one").is_in(aside) & ~pl.col("other").is_in(aside)))
    return Ties(pl.concat([pairs, _chain_up(secret)]), payments, gas)


def owners(ties: Ties, wallets: pl.Series, since: pl.DataFrame) -> pl.DataFrame:
    """Give one row a wallet: address, owner (the smallest address of the owner's wallets).

    Beside the ties, wallets count as one owner's that one address funded before they were exposed (`since`: address, since);
    afterwards a common funder may be the attacker who sends gas. Nor does a payment made after its payer's exposure tie anybody:
    it may be the theft.
    """
    mine = wallets.unique().sort()
    logs = pl.concat([ties.logs, _chain_up(_funded(ties.gas, since))])
    by_logs = _components(mine, logs)
    both = _components(mine, pl.concat([logs, _before(ties.payments, since).select("one", "other")]))
    # Payments can tie half a town together, one acquaintance at a time; then only the logs' own ties count.
    tied = by_logs.rename({"owner": "by_logs"}).join(both, on="address")
    crowd = pl.len().over("owner") > OWNED_MOST
    return tied.select("address", owner=pl.when(crowd).then("by_logs").otherwise("owner"))


def _components(wallets: pl.Series, pairs: pl.DataFrame) -> pl.DataFrame:
    """Give the owner of each wallet: the smallest address that `pairs` (one, other) tie it to, over any number of steps."""
    numbers = pl.DataFrame({"address": wallets}).with_row_index("number")
    left = pairs.join(numbers, left_on="one", right_on="address").join(numbers, left_on="other", right_on="address")
    if left.is_empty():
        return pl.DataFrame({"address": wallets, "owner": wallets})
    ends = (left.get_column("number").to_numpy(), left.get_column("number_right").to_numpy())
    graph = coo_array((np.ones(left.height, dtype=np.int8), ends), shape=(wallets.len(), wallets.len()))
    _, labels = connected_components(graph, directed=False)
    parts = pl.DataFrame({"address": wallets, "part": labels})
    return parts.select("address", owner=pl.col("address").min().over("part"))


def _small(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Keep groups of two to `most` addresses."""
    rows = rows.drop_nulls().unique()
    return rows.filter(pl.len().over("group").is_between(2, most))


def _chain_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Tie each group's addresses to its first: enough for connected components, and linear."""
    return (
        rows.unique()
        .select(one=pl.col("address").min().over("group"), other="address")
        .filter(pl.col("one") != pl.col("other"))
    )


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Give every ordered pair of addresses of each group."""
    others = rows.rename({"address": "other"})
    return (
        rows.join(others, on="group").filter(pl.col("address") != pl.col("other")).select(one="address", other="other")
    )


def _quiet(pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out addresses with more partners than one owner has wallets. `pairs` holds both directions."""
    crowded = pairs.filter(pl.len().over("one") > PARTNERS_MOST).get_column("one").unique().implode()
    return pairs.filter(~pl.col("one").is_in(crowded) & ~pl.col("other").is_in(crowded))


def _payments(transfers: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """Give who of the wallets paid whom, by a transaction of their own."""
    own = (pl.col("standard") == "native") | (pl.col("transaction_from") == pl.col("from_address"))
    return (
        transfers.filter(
            own.fill_null(value=False)
            & (pl.col("value") != "0")
            & pl.col("from_address").is_in(known)
            & pl.col("to_address").is_in(known)
            & (pl.col("from_address") != pl.col("to_address"))
        )
        .group_by(one="from_address", other="to_address")
        .agg(time=pl.col("timestamp").min())
    )


def _before(payments: pl.DataFrame, since: pl.DataFrame) -> pl.DataFrame:
    """Keep payments whose payer was not exposed yet when they were first made, or never was."""
    dated = payments.join(since, left_on="payer", right_on="address", how="left")
    return dated.filter(pl.col("since").is_null() | (pl.col("time") < pl.col("since")))


def _funded(gas: pl.DataFrame, since: pl.DataFrame) -> pl.DataFrame:
    """Group wallets that one address outside the logs funded before they were exposed."""
    early = gas.join(since, on="address", how="left").filter(
        pl.col("since").is_null() | (pl.col("timestamp") < pl.col("since"))
    )
    return _small(early.select("address", "group"), FUNDED_MOST)
