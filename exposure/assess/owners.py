"""Which wallets belong to one owner, as far as logs and chain show it. Pure.

People move several wallets to one new wallet. Counted as wallets that looks like a drainer's address; counted as owners it is
one person (design, section 7.1). Merging too much only costs power, so every sign counts.
"""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# More addresses than this behind one client or session are an office, a bot or an explorer's reader, not one owner.
SHARED_MOST = 5
# An address that more wallets than this paid may be a thief's, who looked at it on the site: such payments tie nobody.
PAID_MOST = 2
# An address that paid the first gas of more wallets than this is a service: an exchange, a faucet.
FUNDED_MOST = 4
# Nobody is seen with more wallets than this tied by payments.
OWNED_MOST = 20


def owners(sightings: pl.DataFrame, transfers: pl.DataFrame, wallets: pl.Series, since: pl.DataFrame) -> pl.DataFrame:
    """Give one row a wallet: address, owner (the smallest address of the owner's wallets).

    Tied are wallets of one session, of one client, of one secret, wallets that paid each other, and wallets that one address
    funded before they were exposed (`since`: address, since); afterwards a common funder may be the attacker who sends gas.
    """
    mine = wallets.unique().sort()
    known = mine.implode()
    seen = sightings.filter(pl.col("address").is_in(known))
    groups = [
        _small(seen.select("address", group=pl.col("session")), SHARED_MOST),
        _small(seen.select("address", group=pl.col("client")), SHARED_MOST),
        # One secret opens any number of addresses.
        seen.filter(pl.col("link") == "key").select("address", group=pl.concat_str(pl.lit("key:"), "ref")),
        _funded(transfers, known, since),
    ]
    by_logs = _components(mine, pl.concat([_chain_up(group) for group in groups]))
    both = _components(mine, pl.concat([*(_chain_up(group) for group in groups), _paid(transfers, known)]))
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


def _paid(transfers: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """Tie wallets that paid each other; one with many such partners is a shop, an exchange or a thief, and ties nobody."""
    own = (pl.col("standard") == "native") | (pl.col("transaction_from") == pl.col("from_address"))
    paid = transfers.filter(
        own.fill_null(value=False)
        & (pl.col("value") != "0")
        & pl.col("from_address").is_in(known)
        & pl.col("to_address").is_in(known)
        & (pl.col("from_address") != pl.col("to_address"))
    ).select(one="from_address", other="to_address")
    both = pl.concat([paid, paid.select(one="other", other="one")]).unique()
    crowded = both.filter(pl.len().over("one") > SHARED_MOST).get_column("one").unique().implode()
    gathering = paid.unique().filter(pl.len().over("other") > PAID_MOST).get_column("other").unique().implode()
    known_well = ~pl.col("one").is_in(crowded) & ~pl.col("other").is_in(crowded)
    return both.filter(known_well & ~pl.col("one").is_in(gathering) & ~pl.col("other").is_in(gathering))


def _funded(transfers: pl.DataFrame, known: pl.Series, since: pl.DataFrame) -> pl.DataFrame:
    """Group wallets that one address outside the logs funded with gas before they were exposed."""
    gas = transfers.filter(
        (pl.col("standard") == "native") & pl.col("to_address").is_in(known) & ~pl.col("from_address").is_in(known)
    ).select("timestamp", address="to_address", group="from_address")
    early = gas.join(since, on="address", how="left").filter(
        pl.col("since").is_null() | (pl.col("timestamp") < pl.col("since"))
    )
    return _small(early.select("address", "group"), FUNDED_MOST)
