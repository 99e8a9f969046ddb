"""Two ways in which attackers are found today, on the same tables: thresholds on approvers, and from a known sink backwards.

- Thresholds, as monitoring bots have them: more than five owners approve one plain account, or more than ten one contract. What a
  team knows to be ordinary is left out by hand; here the drill's router and settlement contract.
- Backwards from a sink that is known, as the discovery script of a well-known revoking site does: of the transfers to it leave out
  what is below 10^6 units, direct payments, trades and airdrops; whoever was called in the others is the exploit's address.
"""

import polars as pl

APPROVERS_OF_ACCOUNT, APPROVERS_OF_CONTRACT = 5, 10
LEAST_UNITS = 10**6
AIRDROP_TRANSFERS, AIRDROP_TO_SINK = 10, 5


def by_approvers(approvals: pl.DataFrame, accounts: pl.DataFrame, ordinary: list[str]) -> set[str]:
    """Give the spenders that pass the thresholds."""
    given = approvals.filter((pl.col("value") != "0") & ~pl.col("to_address").is_in(ordinary))
    counted = given.group_by(address="to_address").agg(owners=pl.col("from_address").n_unique())
    kinds = accounts.select("address", "kind").unique("address")
    limit = pl.when(pl.col("kind") == "contract").then(APPROVERS_OF_CONTRACT).otherwise(APPROVERS_OF_ACCOUNT)
    return set(counted.join(kinds, on="address", how="left").filter(pl.col("owners") > limit).get_column("address"))


def from_sink(transfers: pl.DataFrame, sink: str, ordinary: list[str]) -> set[str]:
    """Give the addresses through which others moved tokens to a sink."""
    to_sink = transfers.filter((pl.col("to_address") == sink) & (pl.col("standard") == "erc20"))
    units = pl.Series([int(value) >= LEAST_UNITS for value in to_sink.get_column("value")], dtype=pl.Boolean)
    indirect = to_sink.filter(units & (pl.col("transaction_from") != pl.col("from_address")))
    per_tx = transfers.group_by("transaction_hash").agg(
        moved=pl.len(), sunk=(pl.col("to_address") == sink).sum(), back=(pl.col("from_address") == sink).any()
    )
    odd = indirect.join(per_tx, on="transaction_hash").filter(
        ~pl.col("back") & ~((pl.col("moved") > AIRDROP_TRANSFERS) & (pl.col("sunk") < AIRDROP_TO_SINK))
    )
    called = (
        pl.when(pl.col("transaction_to") == pl.col("token_address"))
        .then("transaction_from")
        .otherwise("transaction_to")
    )
    found = odd.select(called=called).to_series().drop_nulls()
    return set(found) - set(ordinary)
