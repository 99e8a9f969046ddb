"""Exact sums per wallet as text, and urgency. Pure."""

import polars as pl

from exposure.amounts import NATIVE, sum_by
from exposure.assess.naming import Names


def amount_texts(rows: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give one row a wallet: address, text: exact amounts, whole tokens, native asset first, separated by semicolons.

    `rows` has address, chain_id, token, amount, and token_id where there are NFTs; each NFT is named by its id.
    """
    if rows.is_empty():
        return pl.DataFrame(schema={"address": rows.schema["address"], "text": pl.String})
    with_ids = rows if "token_id" in rows.columns else rows.with_columns(token_id=pl.lit(None, pl.String))
    # Group keys must not be null for the sum; an empty id stands for fungible tokens.
    keyed = with_ids.with_columns(pl.col("token_id").fill_null(""))
    sums = sum_by(keyed, ["address", "chain_id", "token", "token_id"], "amount").filter(pl.col("amount") != "0")
    sums = sums.with_columns(other=pl.col("token") != NATIVE).sort("address", "chain_id", "other", "token", "token_id")
    texts = [
        names.amount(chain_id, token, int(amount), token_id or None) + names.place(chain_id)
        for chain_id, token, token_id, amount in sums.select("chain_id", "token", "token_id", "amount").iter_rows()
    ]
    shown = sums.select("address", pl.Series("text", texts, pl.String))
    return shown.group_by("address", maintain_order=True).agg(pl.col("text").str.join("; "))


def urgency(wallets: pl.DataFrame, risk: pl.DataFrame) -> pl.DataFrame:
    """Add `urgency`: p_exposed × what is still to save.

    There are no prices, so that a token is measured against the case: a wallet's share of all of that token that is at risk,
    times the share of wallets at risk that hold the token. The latter keeps a counterfeit that one wallet got from leading
    the sheet; its sum over tokens is at most the number of tokens. Null where nothing is at risk.
    """
    mine = risk.filter("worth").join(
        wallets.filter(pl.col("verdict") != "no_sign").select("address", "p_exposed"), on="address"
    )
    token = ["chain_id", "token"]
    holders = mine.get_column("address").n_unique()
    shares = mine.with_columns(
        share=pl.col("amount_f64") / pl.col("amount_f64").sum().over(token),
        common=pl.col("address").n_unique().over(token) / max(holders, 1),
    )
    by_wallet = (
        shares.sort("address", *token)
        .group_by("address", maintain_order=True)
        .agg(urgency=(pl.col("share") * pl.col("common")).sum() * pl.col("p_exposed").first())
    )
    # Floats added in another order differ in their last digits, and two runs must give the same bytes.
    return wallets.join(by_wallet, on="address", how="left").with_columns(pl.col("urgency").round_sig_figs(9))
