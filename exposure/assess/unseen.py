"""Balances at T1 and now -> ether that is gone, and that nothing which was read shows going. Pure."""

from datetime import datetime

import polars as pl

from exposure.amounts import NATIVE
from exposure.assess.evidence import rows_of
from exposure.assess.holdings import LEFT_LEAST_NATIVE
from exposure.assess.naming import Names

# So little of what was held is left that it is gone; so much of it seen going explains it.
LEFT_MOST, EXPLAINED = 0.05, 0.5


def unseen_losses(
    balances: pl.DataFrame, moves: pl.DataFrame, since: pl.DataFrame, begun: datetime | None
) -> pl.DataFrame:
    """Give the exposed wallets (`since`: address) whose ether of T1 is gone, though no move since `begun` shows where to.

    Columns: address, chain_id, block_number (of T1), before, now. Ether that a Safe or another contract sends on is in no
    transaction and in no log. Tokens are left out: their transfers are logged. Wallets that no archive was asked about are not
    judged.
    """
    mine = balances.filter(pl.col("token_address") == NATIVE).join(since.select("address"), on="address", how="semi")
    both = (
        mine.sort("block_number")
        .group_by("chain_id", "address", maintain_order=True)
        .agg(
            pl.col("block_number").first(),
            blocks=pl.col("block_number").n_unique(),
            before=pl.col("balance").first(),
            now=pl.col("balance").last(),
            held=pl.col("balance_f64").first(),
            left=pl.col("balance_f64").last(),
        )
    )
    gone = both.filter(
        (pl.col("blocks") > 1) & (pl.col("held") >= LEFT_LEAST_NATIVE) & (pl.col("left") <= LEFT_MOST * pl.col("held"))
    )
    out = moves.filter(pl.col("token") == NATIVE)
    if begun is not None:
        out = out.filter((pl.col("time") >= begun).fill_null(value=True))
    seen = out.group_by("chain_id", address="wallet").agg(seen=pl.col("value_f64").sum())
    told = gone.join(seen, on=["chain_id", "address"], how="left")
    unexplained = pl.col("seen").fill_null(0.0) < EXPLAINED * (pl.col("held") - pl.col("left"))
    return told.filter(unexplained).select("address", "chain_id", "block_number", "before", "now")


def unseen_rows(gone: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give A5 without weight: that it left is sure, where to and by whose hand is not."""
    texts = [
        f"it held {names.amount(chain, NATIVE, int(before))}{names.place(chain)} when the attack began and holds "
        f"{names.amount(chain, NATIVE, int(now))} now, and nothing that was read shows where it went"
        for chain, before, now in gone.select("chain_id", "before", "now").iter_rows()
    ]
    ref = pl.format("block:{}:{}", "chain_id", "block_number")
    return rows_of("A5", gone.select("address", pl.Series("text", texts, pl.String), ref=ref), weight=pl.lit(0.0))
