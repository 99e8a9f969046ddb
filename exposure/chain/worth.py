"""What tokens were worth, by table `prices`. Pure, and without the rest of the chain: the report prices with it, too."""

import polars as pl


def with_usd(table: pl.LazyFrame, prices: pl.DataFrame) -> pl.LazyFrame:
    """Fill `usd` of `losses` (at the price of their time, within a day) or `holdings` (at the last price), in the order of rows.

    Needs chain_id, token, amount_f64 and usd; with a column `time` the nearest price counts. NFTs have no price. No prices, or no
    rows, leave everything unpriced.
    """
    known = prices.select("chain_id", "timestamp", "usd", pl.col("token_address").alias("token")).sort("timestamp")
    columns, rows = table.collect_schema().names(), table.drop("usd")
    if "time" in columns:
        numbered = rows.with_row_index("row").sort("time")
        priced = numbered.join_asof(
            known.lazy(),
            left_on="time",
            right_on="timestamp",
            by=["chain_id", "token"],
            strategy="nearest",
            tolerance="1d",
            check_sortedness=False,
        ).sort("row")
    else:
        last = known.unique(["chain_id", "token"], keep="last", maintain_order=True)
        priced = rows.join(last.lazy(), on=["chain_id", "token"], how="left", maintain_order="left")
    usd = pl.col("amount_f64") * pl.col("usd")
    whole = pl.col("token_id").is_null() if "token_id" in columns else pl.lit(value=True)
    return priced.with_columns(usd=pl.when(whole).then(usd)).select(columns)
